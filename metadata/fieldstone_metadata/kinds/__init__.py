"""One module per kind of document: from a sound document to its declaration, with
the cross-checks of the kind.
"""
