"""A component packaged from an existing program.

`comp new word-lengths --from-program word_lengths.py` made its folder, and `comp build --push word_lengths` its image.
"""

from pathlib import Path

from kfp import components, dsl

HERE = Path(__file__).parent

word_lengths = components.load_component_from_file(HERE / "word_lengths" / "component.yaml")


@dsl.pipeline(name="lengths")
def lengths(uri: str, least: int = 2) -> dsl.Artifact:
    """Count the words of a text by their length."""
    text = dsl.importer(artifact_uri=uri, artifact_class=dsl.Artifact)
    return word_lengths(text=text.output, least=least).outputs["counts"]
