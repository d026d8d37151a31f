"""Calls of the API made up from its OpenAPI document, which go on with what earlier answers gave."""

from fieldstone_testing.made_up_calls.caller import EXAMPLES, Caller, caller_of

__all__ = ["EXAMPLES", "Caller", "caller_of"]
