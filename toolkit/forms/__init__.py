"""Other forms of a component than its own YAML: KFP's IR, and Argo's workflows and their templates."""
