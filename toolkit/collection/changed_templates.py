"""Whether the template that a component was made from changed, if it lies in the same repository."""

from pathlib import Path

from msgspec import Struct

from toolkit.collection.changed_paths import ChangedPaths
from toolkit.errors import InputError

# Of `comp new`, with the digests of what the template made.
RECORD = ".comp/scaffold.json"
_QUESTIONS = "cookiecutter.json"


class ChangedTemplates(Struct, frozen=True):
    """The templates in a repository that changed: folders and zip files."""

    places: tuple[Path, ...]

    @classmethod
    def of(cls, paths: ChangedPaths) -> "ChangedTemplates":
        """Find the templates that changed."""
        above: set[str] = set()
        for path in paths.order:
            while (path := path.rpartition("/")[0]) not in above:
                above.add(path)
        folders = [paths.top / folder for folder in sorted(above) if (paths.top / folder / _QUESTIONS).exists()]
        archives = [paths.top / path for path in paths.order if path.endswith(".zip")]
        return cls((*folders, *archives))

    def made(self, folder: Path) -> bool:
        """Whether the component in a folder was made from one of them."""
        if not self.places or not (folder / RECORD).is_file():
            return False
        from toolkit.scaffold.record import ScaffoldRecord
        from toolkit.scaffold.template import from_record

        try:
            name = from_record(ScaffoldRecord.read(folder).template, folder)
        except InputError:
            # `comp sync` reports it.
            return False
        # Of a template in an archive, the folder in it follows.
        return Path(name.partition("::")[0]) in self.places
