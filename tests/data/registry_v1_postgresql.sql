--
-- PostgreSQL database dump
--


-- Dumped from database version 15.18 (Debian 15.18-0+deb12u1)
-- Dumped by pg_dump version 15.18 (Debian 15.18-0+deb12u1)

SET statement_timeout = 0;
SET lock_timeout = 0;
SET idle_in_transaction_session_timeout = 0;
SET client_encoding = 'UTF8';
SET standard_conforming_strings = on;
SELECT pg_catalog.set_config('search_path', '', false);
SET check_function_bodies = false;
SET xmloption = content;
SET client_min_messages = warning;
SET row_security = off;

--
-- Name: pin_engrave_events(); Type: FUNCTION; Schema: public; Owner: -
--

CREATE FUNCTION public.pin_engrave_events() RETURNS trigger
    LANGUAGE plpgsql
    AS $$ BEGIN IF NEW.seq <> (SELECT COALESCE(MAX(seq), 0) + 1 FROM events) OR NEW.previous <> COALESCE((SELECT hash FROM events WHERE seq = NEW.seq - 1), '0000000000000000000000000000000000000000000000000000000000000000') THEN RAISE EXCEPTION 'pin-engrave: events: an event follows the last one' USING ERRCODE = 'integrity_constraint_violation'; END IF; RETURN NEW; END $$;


--
-- Name: pin_engrave_marks(); Type: FUNCTION; Schema: public; Owner: -
--

CREATE FUNCTION public.pin_engrave_marks() RETURNS trigger
    LANGUAGE plpgsql
    AS $$ BEGIN IF NOT EXISTS (SELECT 1 FROM ranges WHERE id = NEW.range AND model = NEW.model AND NEW.id BETWEEN first_id AND last_id) THEN RAISE EXCEPTION 'pin-engrave: marks: a mark lies in a range of its model' USING ERRCODE = 'integrity_constraint_violation'; END IF; IF NEW.replaces IS NOT NULL AND NOT EXISTS (SELECT 1 FROM marks WHERE id = NEW.replaces AND model = NEW.model AND serial = NEW.serial AND issue = NEW.issue - 1) THEN RAISE EXCEPTION 'pin-engrave: marks: a mark replaces the one issued before it for the same serial' USING ERRCODE = 'integrity_constraint_violation'; END IF; RETURN NEW; END $$;


--
-- Name: pin_engrave_ranges(); Type: FUNCTION; Schema: public; Owner: -
--

CREATE FUNCTION public.pin_engrave_ranges() RETURNS trigger
    LANGUAGE plpgsql
    AS $$ BEGIN IF NOT EXISTS (SELECT 1 FROM blocks WHERE issuer = NEW.issuer AND first_id <= NEW.first_id AND last_id >= NEW.last_id) THEN RAISE EXCEPTION 'pin-engrave: ranges: a range lies in a block of its issuer' USING ERRCODE = 'integrity_constraint_violation'; END IF; RETURN NEW; END $$;


--
-- Name: pin_engrave_steps(); Type: FUNCTION; Schema: public; Owner: -
--

CREATE FUNCTION public.pin_engrave_steps() RETURNS trigger
    LANGUAGE plpgsql
    AS $$ BEGIN IF EXISTS (SELECT 1 FROM steps WHERE mark = NEW.mark AND state >= NEW.state) THEN RAISE EXCEPTION 'pin-engrave: steps: states go forward only' USING ERRCODE = 'integrity_constraint_violation'; END IF; RETURN NEW; END $$;


--
-- Name: pin_engrave_unchanged(); Type: FUNCTION; Schema: public; Owner: -
--

CREATE FUNCTION public.pin_engrave_unchanged() RETURNS trigger
    LANGUAGE plpgsql
    AS $$ BEGIN RAISE EXCEPTION 'pin-engrave: %: rows are never changed', TG_TABLE_NAME USING ERRCODE = 'integrity_constraint_violation'; END $$;


SET default_tablespace = '';

SET default_table_access_method = heap;

--
-- Name: blocks; Type: TABLE; Schema: public; Owner: -
--

CREATE TABLE public.blocks (
    id bigint NOT NULL,
    issuer bigint NOT NULL,
    first_id bigint NOT NULL,
    last_id bigint NOT NULL,
    event bigint NOT NULL,
    CONSTRAINT ck_blocks_ids_within CHECK (((0 <= first_id) AND (first_id <= last_id) AND (last_id < 1073741824)))
);


--
-- Name: engravings; Type: TABLE; Schema: public; Owner: -
--

CREATE TABLE public.engravings (
    mark bigint NOT NULL,
    binding text NOT NULL,
    profile text NOT NULL,
    lot text NOT NULL,
    event bigint NOT NULL,
    CONSTRAINT ck_engravings_binding_written CHECK ((binding ~ '^[0123456789abcdef]{64,64}$'::text)),
    CONSTRAINT ck_engravings_profile_letter CHECK ((length(profile) = 1))
);


--
-- Name: events; Type: TABLE; Schema: public; Owner: -
--

CREATE TABLE public.events (
    seq bigint NOT NULL,
    kind text NOT NULL,
    actor text NOT NULL,
    "time" text NOT NULL,
    tool text NOT NULL,
    body text NOT NULL,
    previous text NOT NULL,
    hash text NOT NULL,
    CONSTRAINT ck_events_hash_written CHECK ((hash ~ '^[0123456789abcdef]{64,64}$'::text)),
    CONSTRAINT ck_events_previous_written CHECK ((previous ~ '^[0123456789abcdef]{64,64}$'::text)),
    CONSTRAINT ck_events_seq_counts CHECK ((seq >= 1))
);


--
-- Name: issuers; Type: TABLE; Schema: public; Owner: -
--

CREATE TABLE public.issuers (
    id bigint NOT NULL,
    name text NOT NULL,
    event bigint NOT NULL,
    CONSTRAINT ck_issuers_name_length CHECK (((length(name) >= 1) AND (length(name) <= 40)))
);


--
-- Name: keys; Type: TABLE; Schema: public; Owner: -
--

CREATE TABLE public.keys (
    id text NOT NULL,
    issuer bigint NOT NULL,
    public text NOT NULL,
    event bigint NOT NULL,
    CONSTRAINT ck_keys_id_written CHECK ((id ~ '^[0123456789abcdef]{64,64}$'::text)),
    CONSTRAINT ck_keys_public_written CHECK ((public ~ '^[0123456789abcdef]{64,64}$'::text))
);


--
-- Name: marks; Type: TABLE; Schema: public; Owner: -
--

CREATE TABLE public.marks (
    id bigint NOT NULL,
    code bigint NOT NULL,
    codeword text NOT NULL,
    range bigint NOT NULL,
    model bigint NOT NULL,
    serial text NOT NULL,
    issue bigint NOT NULL,
    replaces bigint,
    event bigint NOT NULL,
    CONSTRAINT ck_marks_code_within CHECK (((code >= 0) AND (code <= 1073741823))),
    CONSTRAINT ck_marks_codeword_written CHECK ((codeword ~ '^[012345679ABCDEFHJKLMNPQRSTUVWXYZ]{32,32}$'::text)),
    CONSTRAINT ck_marks_id_within CHECK (((id >= 0) AND (id <= 1073741823))),
    CONSTRAINT ck_marks_issue_replaces CHECK ((((issue = 0) = (replaces IS NULL)) AND (issue >= 0))),
    CONSTRAINT ck_marks_serial_written CHECK ((serial ~ '^[0-9A-Z-]{1,20}$'::text))
);


--
-- Name: models; Type: TABLE; Schema: public; Owner: -
--

CREATE TABLE public.models (
    id bigint NOT NULL,
    maker text NOT NULL,
    model text NOT NULL,
    event bigint NOT NULL,
    CONSTRAINT ck_models_maker_length CHECK (((length(maker) >= 1) AND (length(maker) <= 40))),
    CONSTRAINT ck_models_model_length CHECK (((length(model) >= 1) AND (length(model) <= 40)))
);


--
-- Name: ranges; Type: TABLE; Schema: public; Owner: -
--

CREATE TABLE public.ranges (
    id bigint NOT NULL,
    issuer bigint NOT NULL,
    model bigint NOT NULL,
    mode text NOT NULL,
    template text NOT NULL,
    first text NOT NULL,
    last text NOT NULL,
    first_id bigint NOT NULL,
    last_id bigint NOT NULL,
    event bigint NOT NULL,
    CONSTRAINT ck_ranges_ids_within CHECK (((0 <= first_id) AND (first_id <= last_id) AND (last_id < 1073741824))),
    CONSTRAINT ck_ranges_mode_fits CHECK (((mode = 'registry'::text) = ((template = ''::text) AND (first = ''::text) AND (last = ''::text)))),
    CONSTRAINT ck_ranges_mode_known CHECK ((mode = ANY (ARRAY['range'::text, 'template'::text, 'registry'::text])))
);


--
-- Name: states; Type: TABLE; Schema: public; Owner: -
--

CREATE TABLE public.states (
    rank bigint NOT NULL,
    name text NOT NULL
);


--
-- Name: steps; Type: TABLE; Schema: public; Owner: -
--

CREATE TABLE public.steps (
    mark bigint NOT NULL,
    state bigint NOT NULL,
    event bigint NOT NULL
);


--
-- Name: versions; Type: TABLE; Schema: public; Owner: -
--

CREATE TABLE public.versions (
    version bigint NOT NULL,
    event bigint NOT NULL
);


--
-- Data for Name: blocks; Type: TABLE DATA; Schema: public; Owner: -
--

INSERT INTO public.blocks VALUES (1, 1, 0, 999999, 2);


--
-- Data for Name: engravings; Type: TABLE DATA; Schema: public; Owner: -
--

INSERT INTO public.engravings VALUES (0, 'aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa', 'A', '', 4);
INSERT INTO public.engravings VALUES (1, 'aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa', 'A', '', 4);
INSERT INTO public.engravings VALUES (2, 'aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa', 'A', '', 4);
INSERT INTO public.engravings VALUES (3, 'aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa', 'A', '', 4);
INSERT INTO public.engravings VALUES (4, 'aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa', 'A', '', 4);
INSERT INTO public.engravings VALUES (5, 'aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa', 'A', '', 4);
INSERT INTO public.engravings VALUES (6, 'aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa', 'A', '', 4);
INSERT INTO public.engravings VALUES (7, 'aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa', 'A', '', 4);
INSERT INTO public.engravings VALUES (8, 'aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa', 'A', '', 4);
INSERT INTO public.engravings VALUES (9, 'aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa', 'A', '', 4);
INSERT INTO public.engravings VALUES (10, 'aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa', 'A', '', 4);
INSERT INTO public.engravings VALUES (11, 'aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa', 'A', '', 4);
INSERT INTO public.engravings VALUES (12, 'aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa', 'A', '', 4);
INSERT INTO public.engravings VALUES (13, 'aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa', 'A', '', 4);
INSERT INTO public.engravings VALUES (14, 'aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa', 'A', '', 4);
INSERT INTO public.engravings VALUES (15, 'aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa', 'A', '', 4);
INSERT INTO public.engravings VALUES (16, 'aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa', 'A', '', 4);
INSERT INTO public.engravings VALUES (17, 'aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa', 'A', '', 4);
INSERT INTO public.engravings VALUES (18, 'aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa', 'A', '', 4);
INSERT INTO public.engravings VALUES (19, 'aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa', 'A', '', 4);


--
-- Data for Name: events; Type: TABLE DATA; Schema: public; Owner: -
--

INSERT INTO public.events VALUES (1, 'created', 'clerk', '2026-11-22T08:00:00Z', 'pin-engrave 0.1.0', '{"registry":"00112233445566778899aabbccddeeff","rows":{"versions":{"columns":["version"],"count":1,"sha256":"acc07b62f23f458923737c4cd4a66bd05d1e71eb4f384003baaf2dcc760d6349"}}}', '0000000000000000000000000000000000000000000000000000000000000000', '8744da42502d69865664b0428f4d37938b1372da4775eac72512a94e4ae37c4d');
INSERT INTO public.events VALUES (2, 'issuer', 'clerk', '2026-11-22T08:01:00Z', 'pin-engrave 0.1.0', '{"issuer":"Acme","rows":{"blocks":{"columns":["id","issuer","first_id","last_id"],"count":1,"sha256":"c022f228e5800226691eb17dda7f029e48ee93b41f415f8a9f2fddd826769409"},"issuers":{"columns":["id","name"],"count":1,"sha256":"e45659bd2b222fcb187875841d764f8fe04d705c28f1da4dc1804bb6299ccb4d"}}}', '8744da42502d69865664b0428f4d37938b1372da4775eac72512a94e4ae37c4d', '2e298a0083eec8f10b95daa2baf601d3017dae459269a7865b725922ca092dad');
INSERT INTO public.events VALUES (3, 'ranges', 'clerk', '2026-11-22T08:02:00Z', 'pin-engrave 0.1.0', '{"issuer":"Acme","rows":{"models":{"columns":["id","maker","model"],"count":1,"sha256":"f707432e8560ea81afdb7c24182cf5f723e49c71ca4aec05715eb0fa97321fdc"},"ranges":{"columns":["id","issuer","model","mode","template","first","last","first_id","last_id"],"count":2,"sha256":"487327d4fb51cb7584d2ff580d9db0d76e16371df75f6686547528458fe78b1a"}}}', '2e298a0083eec8f10b95daa2baf601d3017dae459269a7865b725922ca092dad', '98c9c46b42735c54c8090918b76ead5082e66e123dccfbd566a2dd00f9c46142');
INSERT INTO public.events VALUES (4, 'allocated', 'clerk', '2026-11-22T08:03:00Z', 'pin-engrave 0.1.0', '{"binding":"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa","rows":{"engravings":{"columns":["mark","binding","profile","lot"],"count":20,"sha256":"560677e1b38bc4298176166cf8c81480c31d66b85c218bfa6b013259459461a4"},"marks":{"columns":["id","code","codeword","range","model","serial","issue","replaces"],"count":20,"sha256":"d0cca6d2193f4c1017dddfe010d9f6d76ee393339e6c193c5cb9a9b0d4231529"},"steps":{"columns":["mark","state"],"count":20,"sha256":"1b3480506def5955d22f111ea669ba3ecf4e0b00eae0a4d2bc319c802bb7d1de"}}}', '98c9c46b42735c54c8090918b76ead5082e66e123dccfbd566a2dd00f9c46142', 'a12ab865a560b806ce1ee2493a63f21a3f27349f20fae2c668efb808dc8b343f');
INSERT INTO public.events VALUES (5, 'rendered', 'clerk', '2026-11-22T08:04:00Z', 'pin-engrave 0.1.0', '{"manifest":"bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb","rows":{"steps":{"columns":["mark","state"],"count":20,"sha256":"5dbc19dc11c6889fe1e845e6b51d5d312dbb554e830b127f092df00c06b214c1"}}}', 'a12ab865a560b806ce1ee2493a63f21a3f27349f20fae2c668efb808dc8b343f', 'a36e27b815b40b969b16f81599afa87f4e74474e9a56114310f1457b62ab6086');
INSERT INTO public.events VALUES (6, 'verified', 'clerk', '2026-11-22T08:04:00Z', 'pin-engrave 0.1.0', '{"manifest":"bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb","rows":{"steps":{"columns":["mark","state"],"count":18,"sha256":"e736dfe0612775bd3d554b71545f1b52a8971938ebdfd16c5a786669b23320fa"}}}', 'a36e27b815b40b969b16f81599afa87f4e74474e9a56114310f1457b62ab6086', 'cbc16c663c7bdac93590c0a5f5b902ab298a30dc5fd9ab812a9c949694bd5224');
INSERT INTO public.events VALUES (7, 'reissued', 'clerk', '2026-11-22T08:05:00Z', 'pin-engrave 0.1.0', '{"reason":"tip broken in transport","rows":{"marks":{"columns":["id","code","codeword","range","model","serial","issue","replaces"],"count":1,"sha256":"4a1b2b50315099816dc9f008eeacab515afaee29babb9fb673e97ac633761966"},"steps":{"columns":["mark","state"],"count":2,"sha256":"9d4ee5d9f47a429cabc3dfbd489c3f8b0424c19257363070b89e263be475d006"}}}', 'cbc16c663c7bdac93590c0a5f5b902ab298a30dc5fd9ab812a9c949694bd5224', 'cfecb9da0ac1ea111c4d4250fb1d418f2bdee5d61ed0ae1a284f54720ff9587e');
INSERT INTO public.events VALUES (8, 'void', 'clerk', '2026-11-22T08:06:00Z', 'pin-engrave 0.1.0', '{"reason":"lost","rows":{"steps":{"columns":["mark","state"],"count":1,"sha256":"73ec854b85786158a8ac82689fb2e52333e793fd8bcf489ed80ff94727fdff2b"}}}', 'cfecb9da0ac1ea111c4d4250fb1d418f2bdee5d61ed0ae1a284f54720ff9587e', '646be1103c1f84535f953851de07594bd6f3b0821e117e2c67e8325e9275253e');
INSERT INTO public.events VALUES (9, 'allocated', 'clerk', '2026-11-22T08:07:00Z', 'pin-engrave 0.1.0', '{"rows":{"marks":{"columns":["id","code","codeword","range","model","serial","issue","replaces"],"count":1,"sha256":"bce655acd1e7780472ceb34d7927cd1f9a6f1f0b78231c1f5a90b411ae47c583"},"steps":{"columns":["mark","state"],"count":1,"sha256":"69665a572496a2e9b4c1ca60ed72dbbe3a9851f041f901b1b301817acbbfd21d"}}}', '646be1103c1f84535f953851de07594bd6f3b0821e117e2c67e8325e9275253e', '0949b73b905a45d188c732db42f60cc3403a1d78cbdf78a966bcef5bc287c2d2');


--
-- Data for Name: issuers; Type: TABLE DATA; Schema: public; Owner: -
--

INSERT INTO public.issuers VALUES (1, 'Acme', 2);


--
-- Data for Name: keys; Type: TABLE DATA; Schema: public; Owner: -
--



--
-- Data for Name: marks; Type: TABLE DATA; Schema: public; Owner: -
--

INSERT INTO public.marks VALUES (0, 545611127, 'J9BRCRXD4AAUE2C54AYKJ0FJQXRW3PWK', 1, 1, 'AAA0001', 0, NULL, 4);
INSERT INTO public.marks VALUES (1, 126356200, '3SJ2R9M6JKEE3JL6YMENPMYHXMYZLF6M', 1, 1, 'AAA0002', 0, NULL, 4);
INSERT INTO public.marks VALUES (2, 371458817, 'C290S1XVVDF6DVA7TNEUFMHWQMA3SJMS', 1, 1, 'AAA0003', 0, NULL, 4);
INSERT INTO public.marks VALUES (3, 174452019, '56CVAMSKQBP9BEW1R4VTCHPYVNADHKYH', 1, 1, 'AAA0004', 0, NULL, 4);
INSERT INTO public.marks VALUES (4, 320018339, 'AK65X3Z9D3NB6KKMYXJ5ZY3SYL95LBFE', 1, 1, 'AAA0005', 0, NULL, 4);
INSERT INTO public.marks VALUES (5, 36243164, '12L1QWTLKWTTK3JPSYKL5UJZ4UEEVWSZ', 1, 1, 'AAA0006', 0, NULL, 4);
INSERT INTO public.marks VALUES (6, 480544908, 'FBA24DR9ZMK6KV31PLM6VEV31UZSCAQZ', 1, 1, 'AAA0007', 0, NULL, 4);
INSERT INTO public.marks VALUES (7, 172253075, '549RWMH63FDB114NNTYXAH21Z6VU76EW', 1, 1, 'AAA0008', 0, NULL, 4);
INSERT INTO public.marks VALUES (8, 682759006, 'NC44UYZXPSXWFM56LEVXM5XEV6LL1QU4', 1, 1, 'AAA0009', 0, NULL, 4);
INSERT INTO public.marks VALUES (9, 889844849, 'UJMX3K411M5Y9M1UALFZL6HNC0Y34JNA', 1, 1, 'AAA0010', 0, NULL, 4);
INSERT INTO public.marks VALUES (10, 124703353, '3QXNMTZZ3S9Q2PQ02V1T9KJCL4SQEPL3', 1, 1, 'AAA0011', 0, NULL, 4);
INSERT INTO public.marks VALUES (11, 925469024, 'VLM2C0DWPUWRJNYT3FJQFW9PT6TKZ64B', 1, 1, 'AAA0012', 0, NULL, 4);
INSERT INTO public.marks VALUES (12, 286077921, '9JUDZ14FMZT9BNSR34WDPLZ275XHPRF7', 1, 1, 'AAA0013', 0, NULL, 4);
INSERT INTO public.marks VALUES (13, 465233770, 'EVPTVBY1T4E4L39JLWHB163RR9HP6WJY', 1, 1, 'AAA0014', 0, NULL, 4);
INSERT INTO public.marks VALUES (14, 143233760, '49M4R0ENFTA4JTFSZZTSA2KZJ31ABP2L', 1, 1, 'AAA0015', 0, NULL, 4);
INSERT INTO public.marks VALUES (15, 291089608, '9PMC69DMBYTYUVKTS9URH2PU4WTZJPA3', 1, 1, 'AAA0016', 0, NULL, 4);
INSERT INTO public.marks VALUES (16, 150218766, '4H9B0FL0HCLRXWQDSEJKZSADB3D4FC3Y', 1, 1, 'AAA0017', 0, NULL, 4);
INSERT INTO public.marks VALUES (17, 878202422, 'U5JMKQT0LK7NPF63TCMW7AWVPTVCT9UH', 1, 1, 'AAA0018', 0, NULL, 4);
INSERT INTO public.marks VALUES (18, 120111875, '3LKJS3P753VHFBT4JJ6QT9CXKM12VR5E', 1, 1, 'AAA0019', 0, NULL, 4);
INSERT INTO public.marks VALUES (19, 676849636, 'N5HTZ47EKT2DXTQM44HBLZNP6BCFS6SR', 1, 1, 'AAA0020', 0, NULL, 4);
INSERT INTO public.marks VALUES (500000, 914395989, 'V914UPCYDN2P1RC1CX6WPQ6CCS5VEZKM', 2, 1, 'AAA0004', 1, 3, 7);
INSERT INTO public.marks VALUES (500001, 785921503, 'REJEFZAZK3EJP9VWZ226JHS7KX7T32AQ', 2, 1, 'SPECIAL-1', 0, NULL, 9);


--
-- Data for Name: models; Type: TABLE DATA; Schema: public; Owner: -
--

INSERT INTO public.models VALUES (1, 'Acme', 'P9', 3);


--
-- Data for Name: ranges; Type: TABLE DATA; Schema: public; Owner: -
--

INSERT INTO public.ranges VALUES (1, 1, 1, 'range', 'AAA9999', 'AAA0001', 'AAB9999', 0, 19998, 3);
INSERT INTO public.ranges VALUES (2, 1, 1, 'registry', '', '', '', 500000, 600000, 3);


--
-- Data for Name: states; Type: TABLE DATA; Schema: public; Owner: -
--

INSERT INTO public.states VALUES (0, 'planned');
INSERT INTO public.states VALUES (1, 'allocated');
INSERT INTO public.states VALUES (2, 'rendered');
INSERT INTO public.states VALUES (3, 'verified');
INSERT INTO public.states VALUES (4, 'signed off');
INSERT INTO public.states VALUES (5, 'marked');
INSERT INTO public.states VALUES (6, 'void');


--
-- Data for Name: steps; Type: TABLE DATA; Schema: public; Owner: -
--

INSERT INTO public.steps VALUES (0, 1, 4);
INSERT INTO public.steps VALUES (1, 1, 4);
INSERT INTO public.steps VALUES (2, 1, 4);
INSERT INTO public.steps VALUES (3, 1, 4);
INSERT INTO public.steps VALUES (4, 1, 4);
INSERT INTO public.steps VALUES (5, 1, 4);
INSERT INTO public.steps VALUES (6, 1, 4);
INSERT INTO public.steps VALUES (7, 1, 4);
INSERT INTO public.steps VALUES (8, 1, 4);
INSERT INTO public.steps VALUES (9, 1, 4);
INSERT INTO public.steps VALUES (10, 1, 4);
INSERT INTO public.steps VALUES (11, 1, 4);
INSERT INTO public.steps VALUES (12, 1, 4);
INSERT INTO public.steps VALUES (13, 1, 4);
INSERT INTO public.steps VALUES (14, 1, 4);
INSERT INTO public.steps VALUES (15, 1, 4);
INSERT INTO public.steps VALUES (16, 1, 4);
INSERT INTO public.steps VALUES (17, 1, 4);
INSERT INTO public.steps VALUES (18, 1, 4);
INSERT INTO public.steps VALUES (19, 1, 4);
INSERT INTO public.steps VALUES (0, 2, 5);
INSERT INTO public.steps VALUES (1, 2, 5);
INSERT INTO public.steps VALUES (2, 2, 5);
INSERT INTO public.steps VALUES (3, 2, 5);
INSERT INTO public.steps VALUES (4, 2, 5);
INSERT INTO public.steps VALUES (5, 2, 5);
INSERT INTO public.steps VALUES (6, 2, 5);
INSERT INTO public.steps VALUES (7, 2, 5);
INSERT INTO public.steps VALUES (8, 2, 5);
INSERT INTO public.steps VALUES (9, 2, 5);
INSERT INTO public.steps VALUES (10, 2, 5);
INSERT INTO public.steps VALUES (11, 2, 5);
INSERT INTO public.steps VALUES (12, 2, 5);
INSERT INTO public.steps VALUES (13, 2, 5);
INSERT INTO public.steps VALUES (14, 2, 5);
INSERT INTO public.steps VALUES (15, 2, 5);
INSERT INTO public.steps VALUES (16, 2, 5);
INSERT INTO public.steps VALUES (17, 2, 5);
INSERT INTO public.steps VALUES (18, 2, 5);
INSERT INTO public.steps VALUES (19, 2, 5);
INSERT INTO public.steps VALUES (0, 3, 6);
INSERT INTO public.steps VALUES (1, 3, 6);
INSERT INTO public.steps VALUES (2, 3, 6);
INSERT INTO public.steps VALUES (3, 3, 6);
INSERT INTO public.steps VALUES (4, 3, 6);
INSERT INTO public.steps VALUES (5, 3, 6);
INSERT INTO public.steps VALUES (6, 3, 6);
INSERT INTO public.steps VALUES (7, 3, 6);
INSERT INTO public.steps VALUES (8, 3, 6);
INSERT INTO public.steps VALUES (9, 3, 6);
INSERT INTO public.steps VALUES (10, 3, 6);
INSERT INTO public.steps VALUES (11, 3, 6);
INSERT INTO public.steps VALUES (12, 3, 6);
INSERT INTO public.steps VALUES (13, 3, 6);
INSERT INTO public.steps VALUES (14, 3, 6);
INSERT INTO public.steps VALUES (15, 3, 6);
INSERT INTO public.steps VALUES (16, 3, 6);
INSERT INTO public.steps VALUES (17, 3, 6);
INSERT INTO public.steps VALUES (3, 6, 7);
INSERT INTO public.steps VALUES (500000, 1, 7);
INSERT INTO public.steps VALUES (7, 6, 8);
INSERT INTO public.steps VALUES (500001, 1, 9);


--
-- Data for Name: versions; Type: TABLE DATA; Schema: public; Owner: -
--

INSERT INTO public.versions VALUES (1, 1);


--
-- Name: blocks blocks_apart; Type: CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.blocks
    ADD CONSTRAINT blocks_apart EXCLUDE USING gist (int8range(first_id, last_id, '[]'::text) WITH &&);


--
-- Name: blocks pk_blocks; Type: CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.blocks
    ADD CONSTRAINT pk_blocks PRIMARY KEY (id);


--
-- Name: engravings pk_engravings; Type: CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.engravings
    ADD CONSTRAINT pk_engravings PRIMARY KEY (mark);


--
-- Name: events pk_events; Type: CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.events
    ADD CONSTRAINT pk_events PRIMARY KEY (seq);


--
-- Name: issuers pk_issuers; Type: CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.issuers
    ADD CONSTRAINT pk_issuers PRIMARY KEY (id);


--
-- Name: keys pk_keys; Type: CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.keys
    ADD CONSTRAINT pk_keys PRIMARY KEY (id);


--
-- Name: marks pk_marks; Type: CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.marks
    ADD CONSTRAINT pk_marks PRIMARY KEY (id);


--
-- Name: models pk_models; Type: CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.models
    ADD CONSTRAINT pk_models PRIMARY KEY (id);


--
-- Name: ranges pk_ranges; Type: CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.ranges
    ADD CONSTRAINT pk_ranges PRIMARY KEY (id);


--
-- Name: states pk_states; Type: CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.states
    ADD CONSTRAINT pk_states PRIMARY KEY (rank);


--
-- Name: steps pk_steps; Type: CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.steps
    ADD CONSTRAINT pk_steps PRIMARY KEY (mark, state);


--
-- Name: versions pk_versions; Type: CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.versions
    ADD CONSTRAINT pk_versions PRIMARY KEY (version);


--
-- Name: ranges ranges_apart; Type: CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.ranges
    ADD CONSTRAINT ranges_apart EXCLUDE USING gist (int8range(first_id, last_id, '[]'::text) WITH &&);


--
-- Name: events uq_events_hash; Type: CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.events
    ADD CONSTRAINT uq_events_hash UNIQUE (hash);


--
-- Name: events uq_events_previous; Type: CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.events
    ADD CONSTRAINT uq_events_previous UNIQUE (previous);


--
-- Name: issuers uq_issuers_name; Type: CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.issuers
    ADD CONSTRAINT uq_issuers_name UNIQUE (name);


--
-- Name: keys uq_keys_public; Type: CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.keys
    ADD CONSTRAINT uq_keys_public UNIQUE (public);


--
-- Name: marks uq_marks_code; Type: CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.marks
    ADD CONSTRAINT uq_marks_code UNIQUE (code);


--
-- Name: marks uq_marks_codeword; Type: CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.marks
    ADD CONSTRAINT uq_marks_codeword UNIQUE (codeword);


--
-- Name: marks uq_marks_model_serial_issue; Type: CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.marks
    ADD CONSTRAINT uq_marks_model_serial_issue UNIQUE (model, serial, issue);


--
-- Name: marks uq_marks_replaces; Type: CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.marks
    ADD CONSTRAINT uq_marks_replaces UNIQUE (replaces);


--
-- Name: models uq_models_maker_model; Type: CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.models
    ADD CONSTRAINT uq_models_maker_model UNIQUE (maker, model);


--
-- Name: states uq_states_name; Type: CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.states
    ADD CONSTRAINT uq_states_name UNIQUE (name);


--
-- Name: ix_engravings_event; Type: INDEX; Schema: public; Owner: -
--

CREATE INDEX ix_engravings_event ON public.engravings USING btree (event);


--
-- Name: ix_marks_event; Type: INDEX; Schema: public; Owner: -
--

CREATE INDEX ix_marks_event ON public.marks USING btree (event);


--
-- Name: ix_steps_event; Type: INDEX; Schema: public; Owner: -
--

CREATE INDEX ix_steps_event ON public.steps USING btree (event);


--
-- Name: blocks blocks_no_change; Type: TRIGGER; Schema: public; Owner: -
--

CREATE TRIGGER blocks_no_change BEFORE DELETE OR UPDATE ON public.blocks FOR EACH ROW EXECUTE FUNCTION public.pin_engrave_unchanged();


--
-- Name: blocks blocks_no_truncate; Type: TRIGGER; Schema: public; Owner: -
--

CREATE TRIGGER blocks_no_truncate BEFORE TRUNCATE ON public.blocks FOR EACH STATEMENT EXECUTE FUNCTION public.pin_engrave_unchanged();


--
-- Name: engravings engravings_no_change; Type: TRIGGER; Schema: public; Owner: -
--

CREATE TRIGGER engravings_no_change BEFORE DELETE OR UPDATE ON public.engravings FOR EACH ROW EXECUTE FUNCTION public.pin_engrave_unchanged();


--
-- Name: engravings engravings_no_truncate; Type: TRIGGER; Schema: public; Owner: -
--

CREATE TRIGGER engravings_no_truncate BEFORE TRUNCATE ON public.engravings FOR EACH STATEMENT EXECUTE FUNCTION public.pin_engrave_unchanged();


--
-- Name: events events_no_change; Type: TRIGGER; Schema: public; Owner: -
--

CREATE TRIGGER events_no_change BEFORE DELETE OR UPDATE ON public.events FOR EACH ROW EXECUTE FUNCTION public.pin_engrave_unchanged();


--
-- Name: events events_no_truncate; Type: TRIGGER; Schema: public; Owner: -
--

CREATE TRIGGER events_no_truncate BEFORE TRUNCATE ON public.events FOR EACH STATEMENT EXECUTE FUNCTION public.pin_engrave_unchanged();


--
-- Name: events events_refusals; Type: TRIGGER; Schema: public; Owner: -
--

CREATE TRIGGER events_refusals BEFORE INSERT ON public.events FOR EACH ROW EXECUTE FUNCTION public.pin_engrave_events();


--
-- Name: issuers issuers_no_change; Type: TRIGGER; Schema: public; Owner: -
--

CREATE TRIGGER issuers_no_change BEFORE DELETE OR UPDATE ON public.issuers FOR EACH ROW EXECUTE FUNCTION public.pin_engrave_unchanged();


--
-- Name: issuers issuers_no_truncate; Type: TRIGGER; Schema: public; Owner: -
--

CREATE TRIGGER issuers_no_truncate BEFORE TRUNCATE ON public.issuers FOR EACH STATEMENT EXECUTE FUNCTION public.pin_engrave_unchanged();


--
-- Name: keys keys_no_change; Type: TRIGGER; Schema: public; Owner: -
--

CREATE TRIGGER keys_no_change BEFORE DELETE OR UPDATE ON public.keys FOR EACH ROW EXECUTE FUNCTION public.pin_engrave_unchanged();


--
-- Name: keys keys_no_truncate; Type: TRIGGER; Schema: public; Owner: -
--

CREATE TRIGGER keys_no_truncate BEFORE TRUNCATE ON public.keys FOR EACH STATEMENT EXECUTE FUNCTION public.pin_engrave_unchanged();


--
-- Name: marks marks_no_change; Type: TRIGGER; Schema: public; Owner: -
--

CREATE TRIGGER marks_no_change BEFORE DELETE OR UPDATE ON public.marks FOR EACH ROW EXECUTE FUNCTION public.pin_engrave_unchanged();


--
-- Name: marks marks_no_truncate; Type: TRIGGER; Schema: public; Owner: -
--

CREATE TRIGGER marks_no_truncate BEFORE TRUNCATE ON public.marks FOR EACH STATEMENT EXECUTE FUNCTION public.pin_engrave_unchanged();


--
-- Name: marks marks_refusals; Type: TRIGGER; Schema: public; Owner: -
--

CREATE TRIGGER marks_refusals BEFORE INSERT ON public.marks FOR EACH ROW EXECUTE FUNCTION public.pin_engrave_marks();


--
-- Name: models models_no_change; Type: TRIGGER; Schema: public; Owner: -
--

CREATE TRIGGER models_no_change BEFORE DELETE OR UPDATE ON public.models FOR EACH ROW EXECUTE FUNCTION public.pin_engrave_unchanged();


--
-- Name: models models_no_truncate; Type: TRIGGER; Schema: public; Owner: -
--

CREATE TRIGGER models_no_truncate BEFORE TRUNCATE ON public.models FOR EACH STATEMENT EXECUTE FUNCTION public.pin_engrave_unchanged();


--
-- Name: ranges ranges_no_change; Type: TRIGGER; Schema: public; Owner: -
--

CREATE TRIGGER ranges_no_change BEFORE DELETE OR UPDATE ON public.ranges FOR EACH ROW EXECUTE FUNCTION public.pin_engrave_unchanged();


--
-- Name: ranges ranges_no_truncate; Type: TRIGGER; Schema: public; Owner: -
--

CREATE TRIGGER ranges_no_truncate BEFORE TRUNCATE ON public.ranges FOR EACH STATEMENT EXECUTE FUNCTION public.pin_engrave_unchanged();


--
-- Name: ranges ranges_refusals; Type: TRIGGER; Schema: public; Owner: -
--

CREATE TRIGGER ranges_refusals BEFORE INSERT ON public.ranges FOR EACH ROW EXECUTE FUNCTION public.pin_engrave_ranges();


--
-- Name: states states_no_change; Type: TRIGGER; Schema: public; Owner: -
--

CREATE TRIGGER states_no_change BEFORE DELETE OR UPDATE ON public.states FOR EACH ROW EXECUTE FUNCTION public.pin_engrave_unchanged();


--
-- Name: states states_no_truncate; Type: TRIGGER; Schema: public; Owner: -
--

CREATE TRIGGER states_no_truncate BEFORE TRUNCATE ON public.states FOR EACH STATEMENT EXECUTE FUNCTION public.pin_engrave_unchanged();


--
-- Name: steps steps_no_change; Type: TRIGGER; Schema: public; Owner: -
--

CREATE TRIGGER steps_no_change BEFORE DELETE OR UPDATE ON public.steps FOR EACH ROW EXECUTE FUNCTION public.pin_engrave_unchanged();


--
-- Name: steps steps_no_truncate; Type: TRIGGER; Schema: public; Owner: -
--

CREATE TRIGGER steps_no_truncate BEFORE TRUNCATE ON public.steps FOR EACH STATEMENT EXECUTE FUNCTION public.pin_engrave_unchanged();


--
-- Name: steps steps_refusals; Type: TRIGGER; Schema: public; Owner: -
--

CREATE TRIGGER steps_refusals BEFORE INSERT ON public.steps FOR EACH ROW EXECUTE FUNCTION public.pin_engrave_steps();


--
-- Name: versions versions_no_change; Type: TRIGGER; Schema: public; Owner: -
--

CREATE TRIGGER versions_no_change BEFORE DELETE OR UPDATE ON public.versions FOR EACH ROW EXECUTE FUNCTION public.pin_engrave_unchanged();


--
-- Name: versions versions_no_truncate; Type: TRIGGER; Schema: public; Owner: -
--

CREATE TRIGGER versions_no_truncate BEFORE TRUNCATE ON public.versions FOR EACH STATEMENT EXECUTE FUNCTION public.pin_engrave_unchanged();


--
-- Name: blocks fk_blocks_event; Type: FK CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.blocks
    ADD CONSTRAINT fk_blocks_event FOREIGN KEY (event) REFERENCES public.events(seq);


--
-- Name: blocks fk_blocks_issuer; Type: FK CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.blocks
    ADD CONSTRAINT fk_blocks_issuer FOREIGN KEY (issuer) REFERENCES public.issuers(id);


--
-- Name: engravings fk_engravings_event; Type: FK CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.engravings
    ADD CONSTRAINT fk_engravings_event FOREIGN KEY (event) REFERENCES public.events(seq);


--
-- Name: engravings fk_engravings_mark; Type: FK CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.engravings
    ADD CONSTRAINT fk_engravings_mark FOREIGN KEY (mark) REFERENCES public.marks(id);


--
-- Name: issuers fk_issuers_event; Type: FK CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.issuers
    ADD CONSTRAINT fk_issuers_event FOREIGN KEY (event) REFERENCES public.events(seq);


--
-- Name: keys fk_keys_event; Type: FK CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.keys
    ADD CONSTRAINT fk_keys_event FOREIGN KEY (event) REFERENCES public.events(seq);


--
-- Name: keys fk_keys_issuer; Type: FK CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.keys
    ADD CONSTRAINT fk_keys_issuer FOREIGN KEY (issuer) REFERENCES public.issuers(id);


--
-- Name: marks fk_marks_event; Type: FK CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.marks
    ADD CONSTRAINT fk_marks_event FOREIGN KEY (event) REFERENCES public.events(seq);


--
-- Name: marks fk_marks_model; Type: FK CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.marks
    ADD CONSTRAINT fk_marks_model FOREIGN KEY (model) REFERENCES public.models(id);


--
-- Name: marks fk_marks_range; Type: FK CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.marks
    ADD CONSTRAINT fk_marks_range FOREIGN KEY (range) REFERENCES public.ranges(id);


--
-- Name: marks fk_marks_replaces; Type: FK CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.marks
    ADD CONSTRAINT fk_marks_replaces FOREIGN KEY (replaces) REFERENCES public.marks(id);


--
-- Name: models fk_models_event; Type: FK CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.models
    ADD CONSTRAINT fk_models_event FOREIGN KEY (event) REFERENCES public.events(seq);


--
-- Name: ranges fk_ranges_event; Type: FK CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.ranges
    ADD CONSTRAINT fk_ranges_event FOREIGN KEY (event) REFERENCES public.events(seq);


--
-- Name: ranges fk_ranges_issuer; Type: FK CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.ranges
    ADD CONSTRAINT fk_ranges_issuer FOREIGN KEY (issuer) REFERENCES public.issuers(id);


--
-- Name: ranges fk_ranges_model; Type: FK CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.ranges
    ADD CONSTRAINT fk_ranges_model FOREIGN KEY (model) REFERENCES public.models(id);


--
-- Name: steps fk_steps_event; Type: FK CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.steps
    ADD CONSTRAINT fk_steps_event FOREIGN KEY (event) REFERENCES public.events(seq);


--
-- Name: steps fk_steps_mark; Type: FK CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.steps
    ADD CONSTRAINT fk_steps_mark FOREIGN KEY (mark) REFERENCES public.marks(id);


--
-- Name: steps fk_steps_state; Type: FK CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.steps
    ADD CONSTRAINT fk_steps_state FOREIGN KEY (state) REFERENCES public.states(rank);


--
-- Name: versions fk_versions_event; Type: FK CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.versions
    ADD CONSTRAINT fk_versions_event FOREIGN KEY (event) REFERENCES public.events(seq);


--
-- PostgreSQL database dump complete
--


