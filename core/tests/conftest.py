"""What every test of arb-core needs."""

from arb_core.testing.fixtures import no_event_loop_before_the_first
