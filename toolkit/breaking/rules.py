"""All kinds of changes, and the rules about versions, by their ids.

Ids and names never change; missing numbers are free for new kinds.
"""

from toolkit.breaking.compatible_rules import COMPATIBLE_RULES
from toolkit.breaking.input_rules import INPUT_RULES
from toolkit.breaking.output_rules import OUTPUT_RULES
from toolkit.breaking.version_rules import VERSION_RULES
from toolkit.breaking.whole_rules import WHOLE_RULES

CHANGES = {rule.id: rule for rule in (*INPUT_RULES, *OUTPUT_RULES, *WHOLE_RULES, *COMPATIBLE_RULES)}
VERSIONS = {rule.id: rule for rule in VERSION_RULES}
