"""The config's rules about how networks are pruned and what is done with them then."""

from prunescape.config_mistakes import Get, Mistakes, Path
from prunescape.training.retraining import AT_INIT, FROM_TRAINED


def ratios(get: Get, model: str) -> Mistakes:
    """Ratios of one model have names of their own."""
    written: dict[str, float] = {}
    for index, ratio in enumerate(get("models", model, "ratios")):
        first = written.setdefault(f"{ratio:g}", ratio)
        if first != ratio:
            text = f"{ratio!r} is the same as {first!r} to six digits, which name a variant; remove one"
            yield ("models", model, "ratios", index), text


def pipelines(get: Get, model: str) -> Mistakes:
    """A schedule that can be gone back to; and a criterion that says something about untrained networks."""
    path: Path = ("models", model, "pipelines")
    asked = get(*path)
    back = [name for name in asked if name in FROM_TRAINED]
    if back and get("recipe", "schedule") == "cosine":
        remedy = "write step or constant there"
        yield path, f"{back[0]} needs a learning rate to go back to, and recipe.schedule is cosine; {remedy}"
    criteria: Path = ("models", model, "criteria")
    if AT_INIT in asked and "bn_scale" in get(*criteria):
        yield criteria, f"bn_scale ranks nothing in {AT_INIT}: before training all scales are 1; remove one of the two"


def rewind(get: Get) -> Mistakes:
    """Something is left to train."""
    path: Path = ("retraining", "rewind_epoch")
    epoch, epochs = get(*path), get("recipe", "epochs")
    if epoch >= epochs:
        yield path, f"{epoch} leaves nothing to train, recipe.epochs = {epochs}; write at most {epochs - 1}"


def steps(get: Get) -> Mistakes:
    """Steps are of a pipeline that has them."""
    path: Path = ("retraining", "steps")
    number, models = get(*path), get("models")
    asked = {name for model in models for name in get("models", model, "pipelines")}
    if number > 1 and not asked & set(FROM_TRAINED):
        yield (
            path,
            f"is {number}, and no model prunes in steps; add one of {', '.join(FROM_TRAINED)} to pipelines, or write 1",
        )
