"""The contract: `component.yaml` in the KFP component-spec form, as a model with a reader, a writer and a pin.

It knows positions in YAML and the rules of the form. It does not judge style (that is `toolkit.lint`) and
knows nothing of images beyond their name.
"""
