"""Names that stand in the study's tables. Light: scripts that only read tables import no torch for them."""

DENSE, DENSE_STOCHASTIC = "dense", "dense_stochastic"
DETERMINISTIC, STOCHASTIC = "deterministic", "stochastic"
MASK_S_TO_D, MASK_D_TO_S = "mask_s_to_d", "mask_d_to_s"
KINDS = (DENSE, DENSE_STOCHASTIC, DETERMINISTIC, STOCHASTIC, MASK_S_TO_D, MASK_D_TO_S)  # of networks
NO_METHOD = "none"  # of the kinds that are not pruned
RECALIBRATED = "recalibrated"  # of magnitude, what was chosen with batch norm recalibrated
# Of feature variances: by pixel or by channel, over the dense network with the same noise or over the clean one.
RATIOS = ("v", "v_channel", "v_clean", "v_channel_clean")
ONE_SHOT, FINE_TUNED = "one_shot", "fine_tuned"  # stages
# Lines between networks.
DP_TO_SP, DENSE_TO_SP, DENSE_TO_DP = "deterministic_stochastic", "dense_stochastic", "dense_deterministic"
RESCALED, UPDATED, SCORES_ALONE, RELATIVE = "rescaled", "updated", "scores_alone", "relative"
CONTROLS = (DETERMINISTIC, RESCALED, UPDATED, STOCHASTIC, SCORES_ALONE, RELATIVE)
BEST_DRAW = "best_draw"  # of stochastic networks, by the held-out images
F1, F2 = "F1", "F2"  # fitness functions of a search
NSGA_II, RANDOM = "nsga2", "random"  # algorithms of a search
