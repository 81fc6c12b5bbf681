"""The mark's code: from a serial number to one codeword and its carriers, and from what is left of them back again."""
