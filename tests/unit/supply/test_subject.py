from tests.images import image_of, layer_of, tar_of
from toolkit.supply.subject import subject_of


def test_labels_say_what_an_image_is() -> None:
    labels = {"title": "train-model", "version": "1.2.0", "licenses": "MIT", "source": "https://example.com"}
    image = image_of(
        [layer_of(tar_of("x"))],
        config=lambda config: config.update(
            created="2026-01-31T12:00:00Z",
            config={"Labels": {f"org.opencontainers.image.{name}": value for name, value in labels.items()}},
        ),
    )
    subject = subject_of(image)
    assert (subject.name, subject.version, subject.licenses, subject.source) == (
        "train-model",
        "1.2.0",
        ("MIT",),
        "https://example.com",
    )
    assert (subject.digest, subject.created, subject.architecture) == (image.digest, "2026-01-31T12:00:00Z", "amd64")


def test_an_image_without_labels_is_named_by_its_repository() -> None:
    image = image_of([layer_of(tar_of("x"))])
    assert subject_of(image, repository="registry.example.com/ml/train").name == "train"
    assert subject_of(image).name == "image"
    assert subject_of(image).licenses == ()
