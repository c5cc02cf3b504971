"""Makes faults of a subject: DeepCrime's mutation operators, its criterion, the study's filter.

A mutant is the subject with one value of its configuration set wrong, so every operator here
changes what a configuration says: model and training. DeepCrime's operators on training data (TCL,
TRD, TUD, TAN, TCO) are out of scope: the study drops their mutants, because no technique repairs
data, and as a mutant of the data is no configuration, it would have no ground truth here.

Sources: Humbatova, Jahangirova, Tonella, *DeepCrime* (ISSTA 2021), and its public tool for the
values; Kim et al., ICST 2023, section III-A, for the filter.
"""
