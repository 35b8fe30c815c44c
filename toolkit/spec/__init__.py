"""The contract, `component.yaml` in KFP's component-spec form: a model, a reader with positions, a writer, a pin.

It enforces the form and no more: `toolkit.lint` judges the content. Of an image it knows the name alone.
"""
