"""A second, deliberately different family of simulated patients, for honest figures only.

Nothing that sets a threshold or trains a model may import it (a contract test). The medicine
is the same, from the same table of frequencies; how it is drawn is not:

========================= ============================== ==================================
what                      first family                   second family
========================= ============================== ==================================
deformation               splines, knots 35 mm apart     plane waves of 38 to 150 mm, shear,
                                                         each axis stretched
head size                 one factor, even               triangular, by axis
ventricles                moved evenly                   gamma law, one side wider
cortex                    the template's                 thinned at CSF (beta law)
white and grey matter     even                           mottled by gradient noise in octaves
receive field             spline                         cubic polynomial
sequences, noise          one protocol                   drawn for each patient
number of plaques         published load                 negative binomial, by severity
diameters                 log-normal                     gamma (dots: Pareto), by the same
                                                         published quantiles
places                    shares by site                 Strauss process in a density that falls
                                                         with distance to ventricle and cortex
plaques                   ovoids with bumps              beads on a walk, metaballs, level sets
                                                         of noise, trodden bands
PML focus                 cheapest paths (Dijkstra)      invasion percolation with tension
satellites                drawn round the focus          Matern clusters about its border
NMOSD                     linings, tubes, balls          random walks in a potential
MOGAD, tumefactive        balls with bumps               octaves of noise under a dome
vascular                  linings, balls                 level sets of noise less distance
border                    a straight line                error function with Cauchy tails
inside                    one tissue, or shells          two tissues in patches
rings                     even shells                    segments that percolate
signs of a patient        each on its own                one hidden severity (Gaussian copula)
growth of PML             by the published mean          gamma law of that mean
========================= ============================== ==================================

It shares the template, the landmarks, the physics of a scan, the record of a lesion and the
table of frequencies: an error in one of these is an error in both. Its settings are proposed,
most of them by looking at pictures, none by a result of lesionaid's measurements.
"""
