"""The option `--registry` of every command that reads or writes a component registry."""

import click

registry_option = click.option(
    "--registry",
    envvar="COMP_REGISTRY",
    show_envvar=True,
    metavar="NAME|PLACE",
    help="The registry: a configured name, a folder, https://…, git+https://…, oci://HOST/PREFIX.",
)
