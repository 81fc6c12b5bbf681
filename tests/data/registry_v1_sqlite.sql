PRAGMA application_id = 1346727527;
BEGIN TRANSACTION;
CREATE TABLE blocks (
	id INTEGER NOT NULL, 
	issuer INTEGER NOT NULL, 
	first_id INTEGER NOT NULL, 
	last_id INTEGER NOT NULL, 
	event INTEGER NOT NULL, 
	CONSTRAINT pk_blocks PRIMARY KEY (id), 
	CONSTRAINT ck_blocks_ids_within CHECK (0 <= first_id AND first_id <= last_id AND last_id < 1073741824), 
	CONSTRAINT fk_blocks_issuer FOREIGN KEY(issuer) REFERENCES issuers (id), 
	CONSTRAINT fk_blocks_event FOREIGN KEY(event) REFERENCES events (seq)
)
 STRICT

;
INSERT INTO "blocks" VALUES(1,1,0,999999,2);
CREATE TABLE engravings (
	mark INTEGER NOT NULL, 
	binding TEXT NOT NULL, 
	profile TEXT NOT NULL, 
	lot TEXT NOT NULL, 
	event INTEGER NOT NULL, 
	CONSTRAINT pk_engravings PRIMARY KEY (mark), 
	CONSTRAINT ck_engravings_binding_written CHECK (length(binding) BETWEEN 64 AND 64 AND binding NOT GLOB '*[^0123456789abcdef]*'), 
	CONSTRAINT ck_engravings_profile_letter CHECK (length(profile) = 1), 
	CONSTRAINT fk_engravings_mark FOREIGN KEY(mark) REFERENCES marks (id), 
	CONSTRAINT fk_engravings_event FOREIGN KEY(event) REFERENCES events (seq)
)
 STRICT

;
INSERT INTO "engravings" VALUES(0,'aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa','A','',4);
INSERT INTO "engravings" VALUES(1,'aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa','A','',4);
INSERT INTO "engravings" VALUES(2,'aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa','A','',4);
INSERT INTO "engravings" VALUES(3,'aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa','A','',4);
INSERT INTO "engravings" VALUES(4,'aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa','A','',4);
INSERT INTO "engravings" VALUES(5,'aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa','A','',4);
INSERT INTO "engravings" VALUES(6,'aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa','A','',4);
INSERT INTO "engravings" VALUES(7,'aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa','A','',4);
INSERT INTO "engravings" VALUES(8,'aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa','A','',4);
INSERT INTO "engravings" VALUES(9,'aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa','A','',4);
INSERT INTO "engravings" VALUES(10,'aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa','A','',4);
INSERT INTO "engravings" VALUES(11,'aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa','A','',4);
INSERT INTO "engravings" VALUES(12,'aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa','A','',4);
INSERT INTO "engravings" VALUES(13,'aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa','A','',4);
INSERT INTO "engravings" VALUES(14,'aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa','A','',4);
INSERT INTO "engravings" VALUES(15,'aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa','A','',4);
INSERT INTO "engravings" VALUES(16,'aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa','A','',4);
INSERT INTO "engravings" VALUES(17,'aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa','A','',4);
INSERT INTO "engravings" VALUES(18,'aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa','A','',4);
INSERT INTO "engravings" VALUES(19,'aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa','A','',4);
CREATE TABLE events (
	seq INTEGER NOT NULL, 
	kind TEXT NOT NULL, 
	actor TEXT NOT NULL, 
	time TEXT NOT NULL, 
	tool TEXT NOT NULL, 
	body TEXT NOT NULL, 
	previous TEXT NOT NULL, 
	hash TEXT NOT NULL, 
	CONSTRAINT pk_events PRIMARY KEY (seq), 
	CONSTRAINT ck_events_previous_written CHECK (length(previous) BETWEEN 64 AND 64 AND previous NOT GLOB '*[^0123456789abcdef]*'), 
	CONSTRAINT ck_events_hash_written CHECK (length(hash) BETWEEN 64 AND 64 AND hash NOT GLOB '*[^0123456789abcdef]*'), 
	CONSTRAINT ck_events_seq_counts CHECK (seq >= 1), 
	CONSTRAINT uq_events_previous UNIQUE (previous), 
	CONSTRAINT uq_events_hash UNIQUE (hash)
)
 STRICT

;
INSERT INTO "events" VALUES(1,'created','clerk','2026-11-22T08:00:00Z','pin-engrave 0.1.0','{"registry":"00112233445566778899aabbccddeeff","rows":{"versions":{"columns":["version"],"count":1,"sha256":"acc07b62f23f458923737c4cd4a66bd05d1e71eb4f384003baaf2dcc760d6349"}}}','0000000000000000000000000000000000000000000000000000000000000000','8744da42502d69865664b0428f4d37938b1372da4775eac72512a94e4ae37c4d');
INSERT INTO "events" VALUES(2,'issuer','clerk','2026-11-22T08:01:00Z','pin-engrave 0.1.0','{"issuer":"Acme","rows":{"blocks":{"columns":["id","issuer","first_id","last_id"],"count":1,"sha256":"c022f228e5800226691eb17dda7f029e48ee93b41f415f8a9f2fddd826769409"},"issuers":{"columns":["id","name"],"count":1,"sha256":"e45659bd2b222fcb187875841d764f8fe04d705c28f1da4dc1804bb6299ccb4d"}}}','8744da42502d69865664b0428f4d37938b1372da4775eac72512a94e4ae37c4d','2e298a0083eec8f10b95daa2baf601d3017dae459269a7865b725922ca092dad');
INSERT INTO "events" VALUES(3,'ranges','clerk','2026-11-22T08:02:00Z','pin-engrave 0.1.0','{"issuer":"Acme","rows":{"models":{"columns":["id","maker","model"],"count":1,"sha256":"f707432e8560ea81afdb7c24182cf5f723e49c71ca4aec05715eb0fa97321fdc"},"ranges":{"columns":["id","issuer","model","mode","template","first","last","first_id","last_id"],"count":2,"sha256":"487327d4fb51cb7584d2ff580d9db0d76e16371df75f6686547528458fe78b1a"}}}','2e298a0083eec8f10b95daa2baf601d3017dae459269a7865b725922ca092dad','98c9c46b42735c54c8090918b76ead5082e66e123dccfbd566a2dd00f9c46142');
INSERT INTO "events" VALUES(4,'allocated','clerk','2026-11-22T08:03:00Z','pin-engrave 0.1.0','{"binding":"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa","rows":{"engravings":{"columns":["mark","binding","profile","lot"],"count":20,"sha256":"560677e1b38bc4298176166cf8c81480c31d66b85c218bfa6b013259459461a4"},"marks":{"columns":["id","code","codeword","range","model","serial","issue","replaces"],"count":20,"sha256":"d0cca6d2193f4c1017dddfe010d9f6d76ee393339e6c193c5cb9a9b0d4231529"},"steps":{"columns":["mark","state"],"count":20,"sha256":"1b3480506def5955d22f111ea669ba3ecf4e0b00eae0a4d2bc319c802bb7d1de"}}}','98c9c46b42735c54c8090918b76ead5082e66e123dccfbd566a2dd00f9c46142','a12ab865a560b806ce1ee2493a63f21a3f27349f20fae2c668efb808dc8b343f');
INSERT INTO "events" VALUES(5,'rendered','clerk','2026-11-22T08:04:00Z','pin-engrave 0.1.0','{"manifest":"bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb","rows":{"steps":{"columns":["mark","state"],"count":20,"sha256":"5dbc19dc11c6889fe1e845e6b51d5d312dbb554e830b127f092df00c06b214c1"}}}','a12ab865a560b806ce1ee2493a63f21a3f27349f20fae2c668efb808dc8b343f','a36e27b815b40b969b16f81599afa87f4e74474e9a56114310f1457b62ab6086');
INSERT INTO "events" VALUES(6,'verified','clerk','2026-11-22T08:04:00Z','pin-engrave 0.1.0','{"manifest":"bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb","rows":{"steps":{"columns":["mark","state"],"count":18,"sha256":"e736dfe0612775bd3d554b71545f1b52a8971938ebdfd16c5a786669b23320fa"}}}','a36e27b815b40b969b16f81599afa87f4e74474e9a56114310f1457b62ab6086','cbc16c663c7bdac93590c0a5f5b902ab298a30dc5fd9ab812a9c949694bd5224');
INSERT INTO "events" VALUES(7,'reissued','clerk','2026-11-22T08:05:00Z','pin-engrave 0.1.0','{"reason":"tip broken in transport","rows":{"marks":{"columns":["id","code","codeword","range","model","serial","issue","replaces"],"count":1,"sha256":"4a1b2b50315099816dc9f008eeacab515afaee29babb9fb673e97ac633761966"},"steps":{"columns":["mark","state"],"count":2,"sha256":"9d4ee5d9f47a429cabc3dfbd489c3f8b0424c19257363070b89e263be475d006"}}}','cbc16c663c7bdac93590c0a5f5b902ab298a30dc5fd9ab812a9c949694bd5224','cfecb9da0ac1ea111c4d4250fb1d418f2bdee5d61ed0ae1a284f54720ff9587e');
INSERT INTO "events" VALUES(8,'void','clerk','2026-11-22T08:06:00Z','pin-engrave 0.1.0','{"reason":"lost","rows":{"steps":{"columns":["mark","state"],"count":1,"sha256":"73ec854b85786158a8ac82689fb2e52333e793fd8bcf489ed80ff94727fdff2b"}}}','cfecb9da0ac1ea111c4d4250fb1d418f2bdee5d61ed0ae1a284f54720ff9587e','646be1103c1f84535f953851de07594bd6f3b0821e117e2c67e8325e9275253e');
INSERT INTO "events" VALUES(9,'allocated','clerk','2026-11-22T08:07:00Z','pin-engrave 0.1.0','{"rows":{"marks":{"columns":["id","code","codeword","range","model","serial","issue","replaces"],"count":1,"sha256":"bce655acd1e7780472ceb34d7927cd1f9a6f1f0b78231c1f5a90b411ae47c583"},"steps":{"columns":["mark","state"],"count":1,"sha256":"69665a572496a2e9b4c1ca60ed72dbbe3a9851f041f901b1b301817acbbfd21d"}}}','646be1103c1f84535f953851de07594bd6f3b0821e117e2c67e8325e9275253e','0949b73b905a45d188c732db42f60cc3403a1d78cbdf78a966bcef5bc287c2d2');
CREATE TABLE issuers (
	id INTEGER NOT NULL, 
	name TEXT NOT NULL, 
	event INTEGER NOT NULL, 
	CONSTRAINT pk_issuers PRIMARY KEY (id), 
	CONSTRAINT ck_issuers_name_length CHECK (length(name) BETWEEN 1 AND 40), 
	CONSTRAINT uq_issuers_name UNIQUE (name), 
	CONSTRAINT fk_issuers_event FOREIGN KEY(event) REFERENCES events (seq)
)
 STRICT

;
INSERT INTO "issuers" VALUES(1,'Acme',2);
CREATE TABLE keys (
	id TEXT NOT NULL, 
	issuer INTEGER NOT NULL, 
	public TEXT NOT NULL, 
	event INTEGER NOT NULL, 
	CONSTRAINT pk_keys PRIMARY KEY (id), 
	CONSTRAINT ck_keys_id_written CHECK (length(id) BETWEEN 64 AND 64 AND id NOT GLOB '*[^0123456789abcdef]*'), 
	CONSTRAINT ck_keys_public_written CHECK (length(public) BETWEEN 64 AND 64 AND public NOT GLOB '*[^0123456789abcdef]*'), 
	CONSTRAINT fk_keys_issuer FOREIGN KEY(issuer) REFERENCES issuers (id), 
	CONSTRAINT uq_keys_public UNIQUE (public), 
	CONSTRAINT fk_keys_event FOREIGN KEY(event) REFERENCES events (seq)
)
 STRICT

;
CREATE TABLE marks (
	id INTEGER NOT NULL, 
	code INTEGER NOT NULL, 
	codeword TEXT NOT NULL, 
	range INTEGER NOT NULL, 
	model INTEGER NOT NULL, 
	serial TEXT NOT NULL, 
	issue INTEGER NOT NULL, 
	replaces INTEGER, 
	event INTEGER NOT NULL, 
	CONSTRAINT pk_marks PRIMARY KEY (id), 
	CONSTRAINT uq_marks_model_serial_issue UNIQUE (model, serial, issue), 
	CONSTRAINT ck_marks_codeword_written CHECK (length(codeword) BETWEEN 32 AND 32 AND codeword NOT GLOB '*[^012345679ABCDEFHJKLMNPQRSTUVWXYZ]*'), 
	CONSTRAINT ck_marks_serial_written CHECK (length(serial) BETWEEN 1 AND 20 AND serial NOT GLOB '*[^0-9A-Z-]*'), 
	CONSTRAINT ck_marks_id_within CHECK (id BETWEEN 0 AND 1073741823), 
	CONSTRAINT ck_marks_code_within CHECK (code BETWEEN 0 AND 1073741823), 
	CONSTRAINT ck_marks_issue_replaces CHECK ((issue = 0) = (replaces IS NULL) AND issue >= 0), 
	CONSTRAINT uq_marks_code UNIQUE (code), 
	CONSTRAINT uq_marks_codeword UNIQUE (codeword), 
	CONSTRAINT fk_marks_range FOREIGN KEY(range) REFERENCES ranges (id), 
	CONSTRAINT fk_marks_model FOREIGN KEY(model) REFERENCES models (id), 
	CONSTRAINT uq_marks_replaces UNIQUE (replaces), 
	CONSTRAINT fk_marks_replaces FOREIGN KEY(replaces) REFERENCES marks (id), 
	CONSTRAINT fk_marks_event FOREIGN KEY(event) REFERENCES events (seq)
)
 STRICT

;
INSERT INTO "marks" VALUES(0,545611127,'J9BRCRXD4AAUE2C54AYKJ0FJQXRW3PWK',1,1,'AAA0001',0,NULL,4);
INSERT INTO "marks" VALUES(1,126356200,'3SJ2R9M6JKEE3JL6YMENPMYHXMYZLF6M',1,1,'AAA0002',0,NULL,4);
INSERT INTO "marks" VALUES(2,371458817,'C290S1XVVDF6DVA7TNEUFMHWQMA3SJMS',1,1,'AAA0003',0,NULL,4);
INSERT INTO "marks" VALUES(3,174452019,'56CVAMSKQBP9BEW1R4VTCHPYVNADHKYH',1,1,'AAA0004',0,NULL,4);
INSERT INTO "marks" VALUES(4,320018339,'AK65X3Z9D3NB6KKMYXJ5ZY3SYL95LBFE',1,1,'AAA0005',0,NULL,4);
INSERT INTO "marks" VALUES(5,36243164,'12L1QWTLKWTTK3JPSYKL5UJZ4UEEVWSZ',1,1,'AAA0006',0,NULL,4);
INSERT INTO "marks" VALUES(6,480544908,'FBA24DR9ZMK6KV31PLM6VEV31UZSCAQZ',1,1,'AAA0007',0,NULL,4);
INSERT INTO "marks" VALUES(7,172253075,'549RWMH63FDB114NNTYXAH21Z6VU76EW',1,1,'AAA0008',0,NULL,4);
INSERT INTO "marks" VALUES(8,682759006,'NC44UYZXPSXWFM56LEVXM5XEV6LL1QU4',1,1,'AAA0009',0,NULL,4);
INSERT INTO "marks" VALUES(9,889844849,'UJMX3K411M5Y9M1UALFZL6HNC0Y34JNA',1,1,'AAA0010',0,NULL,4);
INSERT INTO "marks" VALUES(10,124703353,'3QXNMTZZ3S9Q2PQ02V1T9KJCL4SQEPL3',1,1,'AAA0011',0,NULL,4);
INSERT INTO "marks" VALUES(11,925469024,'VLM2C0DWPUWRJNYT3FJQFW9PT6TKZ64B',1,1,'AAA0012',0,NULL,4);
INSERT INTO "marks" VALUES(12,286077921,'9JUDZ14FMZT9BNSR34WDPLZ275XHPRF7',1,1,'AAA0013',0,NULL,4);
INSERT INTO "marks" VALUES(13,465233770,'EVPTVBY1T4E4L39JLWHB163RR9HP6WJY',1,1,'AAA0014',0,NULL,4);
INSERT INTO "marks" VALUES(14,143233760,'49M4R0ENFTA4JTFSZZTSA2KZJ31ABP2L',1,1,'AAA0015',0,NULL,4);
INSERT INTO "marks" VALUES(15,291089608,'9PMC69DMBYTYUVKTS9URH2PU4WTZJPA3',1,1,'AAA0016',0,NULL,4);
INSERT INTO "marks" VALUES(16,150218766,'4H9B0FL0HCLRXWQDSEJKZSADB3D4FC3Y',1,1,'AAA0017',0,NULL,4);
INSERT INTO "marks" VALUES(17,878202422,'U5JMKQT0LK7NPF63TCMW7AWVPTVCT9UH',1,1,'AAA0018',0,NULL,4);
INSERT INTO "marks" VALUES(18,120111875,'3LKJS3P753VHFBT4JJ6QT9CXKM12VR5E',1,1,'AAA0019',0,NULL,4);
INSERT INTO "marks" VALUES(19,676849636,'N5HTZ47EKT2DXTQM44HBLZNP6BCFS6SR',1,1,'AAA0020',0,NULL,4);
INSERT INTO "marks" VALUES(500000,914395989,'V914UPCYDN2P1RC1CX6WPQ6CCS5VEZKM',2,1,'AAA0004',1,3,7);
INSERT INTO "marks" VALUES(500001,785921503,'REJEFZAZK3EJP9VWZ226JHS7KX7T32AQ',2,1,'SPECIAL-1',0,NULL,9);
CREATE TABLE models (
	id INTEGER NOT NULL, 
	maker TEXT NOT NULL, 
	model TEXT NOT NULL, 
	event INTEGER NOT NULL, 
	CONSTRAINT pk_models PRIMARY KEY (id), 
	CONSTRAINT uq_models_maker_model UNIQUE (maker, model), 
	CONSTRAINT ck_models_maker_length CHECK (length(maker) BETWEEN 1 AND 40), 
	CONSTRAINT ck_models_model_length CHECK (length(model) BETWEEN 1 AND 40), 
	CONSTRAINT fk_models_event FOREIGN KEY(event) REFERENCES events (seq)
)
 STRICT

;
INSERT INTO "models" VALUES(1,'Acme','P9',3);
CREATE TABLE ranges (
	id INTEGER NOT NULL, 
	issuer INTEGER NOT NULL, 
	model INTEGER NOT NULL, 
	mode TEXT NOT NULL, 
	template TEXT NOT NULL, 
	first TEXT NOT NULL, 
	last TEXT NOT NULL, 
	first_id INTEGER NOT NULL, 
	last_id INTEGER NOT NULL, 
	event INTEGER NOT NULL, 
	CONSTRAINT pk_ranges PRIMARY KEY (id), 
	CONSTRAINT ck_ranges_ids_within CHECK (0 <= first_id AND first_id <= last_id AND last_id < 1073741824), 
	CONSTRAINT ck_ranges_mode_known CHECK (mode IN ('range', 'template', 'registry')), 
	CONSTRAINT ck_ranges_mode_fits CHECK ((mode = 'registry') = (template = '' AND first = '' AND last = '')), 
	CONSTRAINT fk_ranges_issuer FOREIGN KEY(issuer) REFERENCES issuers (id), 
	CONSTRAINT fk_ranges_model FOREIGN KEY(model) REFERENCES models (id), 
	CONSTRAINT fk_ranges_event FOREIGN KEY(event) REFERENCES events (seq)
)
 STRICT

;
INSERT INTO "ranges" VALUES(1,1,1,'range','AAA9999','AAA0001','AAB9999',0,19998,3);
INSERT INTO "ranges" VALUES(2,1,1,'registry','','','',500000,600000,3);
CREATE TABLE states (
	rank INTEGER NOT NULL, 
	name TEXT NOT NULL, 
	CONSTRAINT pk_states PRIMARY KEY (rank), 
	CONSTRAINT uq_states_name UNIQUE (name)
)
 STRICT

;
INSERT INTO "states" VALUES(0,'planned');
INSERT INTO "states" VALUES(1,'allocated');
INSERT INTO "states" VALUES(2,'rendered');
INSERT INTO "states" VALUES(3,'verified');
INSERT INTO "states" VALUES(4,'signed off');
INSERT INTO "states" VALUES(5,'marked');
INSERT INTO "states" VALUES(6,'void');
CREATE TABLE steps (
	mark INTEGER NOT NULL, 
	state INTEGER NOT NULL, 
	event INTEGER NOT NULL, 
	CONSTRAINT pk_steps PRIMARY KEY (mark, state), 
	CONSTRAINT fk_steps_mark FOREIGN KEY(mark) REFERENCES marks (id), 
	CONSTRAINT fk_steps_state FOREIGN KEY(state) REFERENCES states (rank), 
	CONSTRAINT fk_steps_event FOREIGN KEY(event) REFERENCES events (seq)
)
 STRICT

;
INSERT INTO "steps" VALUES(0,1,4);
INSERT INTO "steps" VALUES(1,1,4);
INSERT INTO "steps" VALUES(2,1,4);
INSERT INTO "steps" VALUES(3,1,4);
INSERT INTO "steps" VALUES(4,1,4);
INSERT INTO "steps" VALUES(5,1,4);
INSERT INTO "steps" VALUES(6,1,4);
INSERT INTO "steps" VALUES(7,1,4);
INSERT INTO "steps" VALUES(8,1,4);
INSERT INTO "steps" VALUES(9,1,4);
INSERT INTO "steps" VALUES(10,1,4);
INSERT INTO "steps" VALUES(11,1,4);
INSERT INTO "steps" VALUES(12,1,4);
INSERT INTO "steps" VALUES(13,1,4);
INSERT INTO "steps" VALUES(14,1,4);
INSERT INTO "steps" VALUES(15,1,4);
INSERT INTO "steps" VALUES(16,1,4);
INSERT INTO "steps" VALUES(17,1,4);
INSERT INTO "steps" VALUES(18,1,4);
INSERT INTO "steps" VALUES(19,1,4);
INSERT INTO "steps" VALUES(0,2,5);
INSERT INTO "steps" VALUES(1,2,5);
INSERT INTO "steps" VALUES(2,2,5);
INSERT INTO "steps" VALUES(3,2,5);
INSERT INTO "steps" VALUES(4,2,5);
INSERT INTO "steps" VALUES(5,2,5);
INSERT INTO "steps" VALUES(6,2,5);
INSERT INTO "steps" VALUES(7,2,5);
INSERT INTO "steps" VALUES(8,2,5);
INSERT INTO "steps" VALUES(9,2,5);
INSERT INTO "steps" VALUES(10,2,5);
INSERT INTO "steps" VALUES(11,2,5);
INSERT INTO "steps" VALUES(12,2,5);
INSERT INTO "steps" VALUES(13,2,5);
INSERT INTO "steps" VALUES(14,2,5);
INSERT INTO "steps" VALUES(15,2,5);
INSERT INTO "steps" VALUES(16,2,5);
INSERT INTO "steps" VALUES(17,2,5);
INSERT INTO "steps" VALUES(18,2,5);
INSERT INTO "steps" VALUES(19,2,5);
INSERT INTO "steps" VALUES(0,3,6);
INSERT INTO "steps" VALUES(1,3,6);
INSERT INTO "steps" VALUES(2,3,6);
INSERT INTO "steps" VALUES(3,3,6);
INSERT INTO "steps" VALUES(4,3,6);
INSERT INTO "steps" VALUES(5,3,6);
INSERT INTO "steps" VALUES(6,3,6);
INSERT INTO "steps" VALUES(7,3,6);
INSERT INTO "steps" VALUES(8,3,6);
INSERT INTO "steps" VALUES(9,3,6);
INSERT INTO "steps" VALUES(10,3,6);
INSERT INTO "steps" VALUES(11,3,6);
INSERT INTO "steps" VALUES(12,3,6);
INSERT INTO "steps" VALUES(13,3,6);
INSERT INTO "steps" VALUES(14,3,6);
INSERT INTO "steps" VALUES(15,3,6);
INSERT INTO "steps" VALUES(16,3,6);
INSERT INTO "steps" VALUES(17,3,6);
INSERT INTO "steps" VALUES(3,6,7);
INSERT INTO "steps" VALUES(500000,1,7);
INSERT INTO "steps" VALUES(7,6,8);
INSERT INTO "steps" VALUES(500001,1,9);
CREATE TABLE versions (
	version INTEGER NOT NULL, 
	event INTEGER NOT NULL, 
	CONSTRAINT pk_versions PRIMARY KEY (version), 
	CONSTRAINT fk_versions_event FOREIGN KEY(event) REFERENCES events (seq)
)
 STRICT

;
INSERT INTO "versions" VALUES(1,1);
CREATE INDEX ix_marks_event ON marks (event);
CREATE INDEX ix_steps_event ON steps (event);
CREATE INDEX ix_engravings_event ON engravings (event);
CREATE TRIGGER events_no_update BEFORE UPDATE ON events WHEN 1 BEGIN SELECT RAISE(ABORT, 'pin-engrave: events: rows are never changed'); END;
CREATE TRIGGER events_no_delete BEFORE DELETE ON events WHEN 1 BEGIN SELECT RAISE(ABORT, 'pin-engrave: events: rows are never changed'); END;
CREATE TRIGGER events_no_replace BEFORE INSERT ON events WHEN EXISTS (SELECT 1 FROM events WHERE hash = NEW.hash) OR EXISTS (SELECT 1 FROM events WHERE previous = NEW.previous) OR EXISTS (SELECT 1 FROM events WHERE seq = NEW.seq) BEGIN SELECT RAISE(ABORT, 'pin-engrave: events: on record already'); END;
CREATE TRIGGER events_refusal_0 BEFORE INSERT ON events WHEN NEW.seq <> (SELECT COALESCE(MAX(seq), 0) + 1 FROM events) OR NEW.previous <> COALESCE((SELECT hash FROM events WHERE seq = NEW.seq - 1), '0000000000000000000000000000000000000000000000000000000000000000') BEGIN SELECT RAISE(ABORT, 'pin-engrave: events: an event follows the last one'); END;
CREATE TRIGGER states_no_update BEFORE UPDATE ON states WHEN 1 BEGIN SELECT RAISE(ABORT, 'pin-engrave: states: rows are never changed'); END;
CREATE TRIGGER states_no_delete BEFORE DELETE ON states WHEN 1 BEGIN SELECT RAISE(ABORT, 'pin-engrave: states: rows are never changed'); END;
CREATE TRIGGER states_no_replace BEFORE INSERT ON states WHEN EXISTS (SELECT 1 FROM states WHERE name = NEW.name) OR EXISTS (SELECT 1 FROM states WHERE rank = NEW.rank) BEGIN SELECT RAISE(ABORT, 'pin-engrave: states: on record already'); END;
CREATE TRIGGER issuers_no_update BEFORE UPDATE ON issuers WHEN 1 BEGIN SELECT RAISE(ABORT, 'pin-engrave: issuers: rows are never changed'); END;
CREATE TRIGGER issuers_no_delete BEFORE DELETE ON issuers WHEN 1 BEGIN SELECT RAISE(ABORT, 'pin-engrave: issuers: rows are never changed'); END;
CREATE TRIGGER issuers_no_replace BEFORE INSERT ON issuers WHEN EXISTS (SELECT 1 FROM issuers WHERE id = NEW.id) OR EXISTS (SELECT 1 FROM issuers WHERE name = NEW.name) BEGIN SELECT RAISE(ABORT, 'pin-engrave: issuers: on record already'); END;
CREATE TRIGGER models_no_update BEFORE UPDATE ON models WHEN 1 BEGIN SELECT RAISE(ABORT, 'pin-engrave: models: rows are never changed'); END;
CREATE TRIGGER models_no_delete BEFORE DELETE ON models WHEN 1 BEGIN SELECT RAISE(ABORT, 'pin-engrave: models: rows are never changed'); END;
CREATE TRIGGER models_no_replace BEFORE INSERT ON models WHEN EXISTS (SELECT 1 FROM models WHERE id = NEW.id) OR EXISTS (SELECT 1 FROM models WHERE maker = NEW.maker AND model = NEW.model) BEGIN SELECT RAISE(ABORT, 'pin-engrave: models: on record already'); END;
CREATE TRIGGER versions_no_update BEFORE UPDATE ON versions WHEN 1 BEGIN SELECT RAISE(ABORT, 'pin-engrave: versions: rows are never changed'); END;
CREATE TRIGGER versions_no_delete BEFORE DELETE ON versions WHEN 1 BEGIN SELECT RAISE(ABORT, 'pin-engrave: versions: rows are never changed'); END;
CREATE TRIGGER versions_no_replace BEFORE INSERT ON versions WHEN EXISTS (SELECT 1 FROM versions WHERE version = NEW.version) BEGIN SELECT RAISE(ABORT, 'pin-engrave: versions: on record already'); END;
CREATE TRIGGER blocks_no_update BEFORE UPDATE ON blocks WHEN 1 BEGIN SELECT RAISE(ABORT, 'pin-engrave: blocks: rows are never changed'); END;
CREATE TRIGGER blocks_no_delete BEFORE DELETE ON blocks WHEN 1 BEGIN SELECT RAISE(ABORT, 'pin-engrave: blocks: rows are never changed'); END;
CREATE TRIGGER blocks_no_replace BEFORE INSERT ON blocks WHEN EXISTS (SELECT 1 FROM blocks WHERE id = NEW.id) BEGIN SELECT RAISE(ABORT, 'pin-engrave: blocks: on record already'); END;
CREATE TRIGGER blocks_refusal_0 BEFORE INSERT ON blocks WHEN EXISTS (SELECT 1 FROM blocks WHERE first_id <= NEW.last_id AND last_id >= NEW.first_id) BEGIN SELECT RAISE(ABORT, 'pin-engrave: blocks: ids overlap those of another row'); END;
CREATE TRIGGER keys_no_update BEFORE UPDATE ON keys WHEN 1 BEGIN SELECT RAISE(ABORT, 'pin-engrave: keys: rows are never changed'); END;
CREATE TRIGGER keys_no_delete BEFORE DELETE ON keys WHEN 1 BEGIN SELECT RAISE(ABORT, 'pin-engrave: keys: rows are never changed'); END;
CREATE TRIGGER keys_no_replace BEFORE INSERT ON keys WHEN EXISTS (SELECT 1 FROM keys WHERE id = NEW.id) OR EXISTS (SELECT 1 FROM keys WHERE public = NEW.public) BEGIN SELECT RAISE(ABORT, 'pin-engrave: keys: on record already'); END;
CREATE TRIGGER ranges_no_update BEFORE UPDATE ON ranges WHEN 1 BEGIN SELECT RAISE(ABORT, 'pin-engrave: ranges: rows are never changed'); END;
CREATE TRIGGER ranges_no_delete BEFORE DELETE ON ranges WHEN 1 BEGIN SELECT RAISE(ABORT, 'pin-engrave: ranges: rows are never changed'); END;
CREATE TRIGGER ranges_no_replace BEFORE INSERT ON ranges WHEN EXISTS (SELECT 1 FROM ranges WHERE id = NEW.id) BEGIN SELECT RAISE(ABORT, 'pin-engrave: ranges: on record already'); END;
CREATE TRIGGER ranges_refusal_0 BEFORE INSERT ON ranges WHEN NOT EXISTS (SELECT 1 FROM blocks WHERE issuer = NEW.issuer AND first_id <= NEW.first_id AND last_id >= NEW.last_id) BEGIN SELECT RAISE(ABORT, 'pin-engrave: ranges: a range lies in a block of its issuer'); END;
CREATE TRIGGER ranges_refusal_1 BEFORE INSERT ON ranges WHEN EXISTS (SELECT 1 FROM ranges WHERE first_id <= NEW.last_id AND last_id >= NEW.first_id) BEGIN SELECT RAISE(ABORT, 'pin-engrave: ranges: ids overlap those of another row'); END;
CREATE TRIGGER marks_no_update BEFORE UPDATE ON marks WHEN 1 BEGIN SELECT RAISE(ABORT, 'pin-engrave: marks: rows are never changed'); END;
CREATE TRIGGER marks_no_delete BEFORE DELETE ON marks WHEN 1 BEGIN SELECT RAISE(ABORT, 'pin-engrave: marks: rows are never changed'); END;
CREATE TRIGGER marks_no_replace BEFORE INSERT ON marks WHEN EXISTS (SELECT 1 FROM marks WHERE code = NEW.code) OR EXISTS (SELECT 1 FROM marks WHERE codeword = NEW.codeword) OR EXISTS (SELECT 1 FROM marks WHERE id = NEW.id) OR EXISTS (SELECT 1 FROM marks WHERE model = NEW.model AND serial = NEW.serial AND issue = NEW.issue) OR EXISTS (SELECT 1 FROM marks WHERE replaces = NEW.replaces) BEGIN SELECT RAISE(ABORT, 'pin-engrave: marks: on record already'); END;
CREATE TRIGGER marks_refusal_0 BEFORE INSERT ON marks WHEN NOT EXISTS (SELECT 1 FROM ranges WHERE id = NEW.range AND model = NEW.model AND NEW.id BETWEEN first_id AND last_id) BEGIN SELECT RAISE(ABORT, 'pin-engrave: marks: a mark lies in a range of its model'); END;
CREATE TRIGGER marks_refusal_1 BEFORE INSERT ON marks WHEN NEW.replaces IS NOT NULL AND NOT EXISTS (SELECT 1 FROM marks WHERE id = NEW.replaces AND model = NEW.model AND serial = NEW.serial AND issue = NEW.issue - 1) BEGIN SELECT RAISE(ABORT, 'pin-engrave: marks: a mark replaces the one issued before it for the same serial'); END;
CREATE TRIGGER engravings_no_update BEFORE UPDATE ON engravings WHEN 1 BEGIN SELECT RAISE(ABORT, 'pin-engrave: engravings: rows are never changed'); END;
CREATE TRIGGER engravings_no_delete BEFORE DELETE ON engravings WHEN 1 BEGIN SELECT RAISE(ABORT, 'pin-engrave: engravings: rows are never changed'); END;
CREATE TRIGGER engravings_no_replace BEFORE INSERT ON engravings WHEN EXISTS (SELECT 1 FROM engravings WHERE mark = NEW.mark) BEGIN SELECT RAISE(ABORT, 'pin-engrave: engravings: on record already'); END;
CREATE TRIGGER steps_no_update BEFORE UPDATE ON steps WHEN 1 BEGIN SELECT RAISE(ABORT, 'pin-engrave: steps: rows are never changed'); END;
CREATE TRIGGER steps_no_delete BEFORE DELETE ON steps WHEN 1 BEGIN SELECT RAISE(ABORT, 'pin-engrave: steps: rows are never changed'); END;
CREATE TRIGGER steps_no_replace BEFORE INSERT ON steps WHEN EXISTS (SELECT 1 FROM steps WHERE mark = NEW.mark AND state = NEW.state) BEGIN SELECT RAISE(ABORT, 'pin-engrave: steps: on record already'); END;
CREATE TRIGGER steps_refusal_0 BEFORE INSERT ON steps WHEN EXISTS (SELECT 1 FROM steps WHERE mark = NEW.mark AND state >= NEW.state) BEGIN SELECT RAISE(ABORT, 'pin-engrave: steps: states go forward only'); END;
COMMIT;
