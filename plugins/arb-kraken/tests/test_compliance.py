"""The short form of the compliance kit: each case once. In full: `arb compliance run kraken`."""

from arb_compliance.plugin import ComplianceSuite

compliance = ComplianceSuite("kraken")
