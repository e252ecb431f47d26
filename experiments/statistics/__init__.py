"""What an experiment's numbers say: effects with intervals, looks that do no harm, and checks of the split itself.

Everything is computed from sufficient statistics (`moments`), a few numbers an arm, so it costs the same for a thousand
users and a billion. `effects` compares two arms once; `sequences` makes the comparison safe to repeat every day, by
the time-uniform `boundaries`; `sample_ratio` asks whether the arms have the users that they should have; `power` plans
how many are needed. What cannot be known is NaN with a reason.
"""
