"""A component from a registry.

`comp add samples/summarise-text@^1` copied its contract here, and components.lock names its release.
"""

from pathlib import Path

from kfp import components, dsl

HERE = Path(__file__).parent

summarise = components.load_component_from_file(HERE / "components" / "samples" / "summarise-text" / "component.yaml")


@dsl.pipeline(name="summary")
def summary(uri: str, most: int = 3) -> int:
    """Count the words of a text."""
    text = dsl.importer(artifact_uri=uri, artifact_class=dsl.Artifact)
    return summarise(text=text.output, most=most, title="Counts").outputs["words"]
