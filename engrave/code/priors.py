"""What is taken for granted of a reading that says what was seen, and not how surely.

All of these are priors: nobody has measured how often an examiner, or the reader of pictures, is wrong about a firing
pin's mark. They are set so that a reading is rather trusted too little than too much.
"""

P_WRONG_CHARACTER = 0.02
"""That a character given as certain is another: one in fifty.

A prior. In the damage model that the alphabet was designed with one damaged character in six is misread where every one
must be named; who can give a doubtful one as doubtful or lost is taken to err eight times less.
"""

P_WRONG_SHAPE = 0.02
"""That a shape given as certain is another, or is turned otherwise. A prior, set as that of characters."""

P_FALSE_TOOTH = 0.02
"""That a gap is given as a tooth. A prior, set with the next one."""

P_MISSED_TOOTH = 0.08
"""That a tooth is given as a gap.

A prior: with as many teeth as gaps, one cell in twenty is wrong, what the ring is designed for, and four in five of the
wrong ones are teeth that wear or a light strike has taken. A tooth is strong evidence, therefore, and a gap weaker.
"""
