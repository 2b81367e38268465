"""Checks of a config that need the catalogues and a user's code: before anything is computed, one line each."""

from prunescape.config.reading import ConfigError
from prunescape.errors import UserError
from prunescape.models.external_code import check_import
from prunescape.plan.run import Run


def check_networks(run: Run) -> None:
    """Make sure that the networks of a config are there, can be pruned, and fit the images.

    Raises:
        ConfigError: with all mistakes, one line each.
    """
    mistakes = []
    for model, section in run.config.models.items():
        if run.is_imported(model):
            try:
                check_import(str(section.import_))
            except UserError as error:
                mistakes.append(f"models.{model}.import: {error}")
        elif not run.known(model).channels:
            mistakes.append(
                f"models.{model}: has no channels to prune; name it in coherence.models, or choose another model"
            )
        elif "bn_scale" in section.criteria and not run.known(model).batch_norm:
            mistakes.append(f"models.{model}.criteria: bn_scale ranks by batch norm, and {model} has none; remove it")
    crop = run.data_set.geometry(run.config.data.image_size).crop
    for model in run.all_models:
        if not run.is_imported(model) and crop < run.known(model).smallest_image:
            place = "models" if model in run.config.models else "coherence.models"
            mistakes.append(
                f"{place}.{model}: needs images of at least {run.known(model).smallest_image} pixels, and those of"
                f" {run.config.data.name} have {crop}; choose another model or data set"
            )
    if mistakes:
        raise ConfigError(mistakes)
