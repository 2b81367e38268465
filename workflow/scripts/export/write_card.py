"""Write the model card of an exported network."""

from prunescape.data.prepared import load_prepared
from prunescape.export.card import model_card
from prunescape.hpspace.lattice import Pair
from prunescape.hpspace.verdict import advice
from prunescape.io.files import read_csv, read_json, write_text
from prunescape.runtime.logs import logged

with logged(snakemake):
    settings = snakemake.params.settings
    pair, cell = Pair.from_json(settings.get("axes")), read_json(snakemake.input.cell)
    model, variant = snakemake.wildcards.model, snakemake.wildcards.variant
    query = "model == @model and variant == @variant"
    fixed = settings["fixed"]
    if "learning_rate" in fixed:  # the rate that was used, where the pipeline multiplies that of the config
        fixed["learning_rate"] *= settings["rate_factor"]
    risk = snakemake.input.get("risk")
    answer = read_json(snakemake.input.verdict)["models"][model]["networks"].get(variant)
    card = model_card(
        {
            **settings,
            **snakemake.params.told,
            "axes": pair,
            "model": model,
            "variant": variant,
            "data": load_prepared(snakemake.input.data),
            "cell": fixed | cell,
            "recipe": settings["recipe"] | {name: cell[name] for name in pair.names},
            "trained_top1": float(read_csv(snakemake.input.history)["top1"].dropna().iloc[-1]),
            "check": read_json(snakemake.input.check),
            "cost": read_csv(snakemake.input.pruning).query(query).to_dict("records")[0],
            "channels": read_csv(snakemake.input.channels).query(query).to_dict("records"),
            "risk": read_csv(risk).query(f"{query} and metric == 'top1'").to_dict("records")[0] if risk else {},
            "advice": answer and advice(answer["recommendation"], pair),
        }
    )
    write_text(snakemake.output[0], card)
