"""Who published a file of a package index, as far as the index attests it (PEP 740).

`publisher` is the record, `provenance` reads the index's document, `index_provenance` asks the index for those of pins,
and `attestations` verifies the signatures if the extra is installed. Whether a new publisher is accepted is decided
in `toolkit.job.publishers`.
"""
