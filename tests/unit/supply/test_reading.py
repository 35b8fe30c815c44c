from pathlib import Path

from tests.images import image_of, layer_of, tar_of_tree
from toolkit.cache.store import Cache
from toolkit.job.context import BuildContext
from toolkit.oci.layout import write_layout
from toolkit.supply.reading import read_image

IMAGE = image_of([layer_of(tar_of_tree({"a/numpy-1.0.dist-info/METADATA": b"Name: numpy\nVersion: 1.0\n"}))])


def test_both_forms_are_written_of_what_an_image_holds(tmp_path: Path) -> None:
    write_layout(IMAGE, tmp_path / "image")
    context = BuildContext(cache=Cache(tmp_path / "cache"), environ={"HOME": str(tmp_path)})
    read = read_image(f"layout:{tmp_path / 'image'}", IMAGE.platform, context)
    assert read.reference is None
    assert [package.name for package in read.contents.packages] == ["numpy"]
    assert b'"specVersion": "1.7"' in read.document("cyclonedx")
    assert b'"spdxVersion": "SPDX-2.3"' in read.document("spdx")
