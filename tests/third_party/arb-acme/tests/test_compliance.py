"""The compliance kit in its short form; `arb compliance run acme` is the long one."""

from arb_compliance.plugin import ComplianceSuite

compliance = ComplianceSuite("acme")
