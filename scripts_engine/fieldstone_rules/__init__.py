"""The rule language of Fieldstone: one typed tree, several evaluators that agree."""
