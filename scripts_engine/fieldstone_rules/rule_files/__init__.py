"""Rule files: their declarations, read, checked and typed."""

from fieldstone_rules.rule_files.checking import CheckedFiles, RuleFiles
from fieldstone_rules.rule_files.dependencies import Dependencies, dependencies, parts
from fieldstone_rules.rule_files.world import RuleWorld, Way

__all__ = ["CheckedFiles", "Dependencies", "RuleFiles", "RuleWorld", "Way", "dependencies", "parts"]
