"""Breaking changes: what two versions of a contract mean to the pipelines that use the component."""
