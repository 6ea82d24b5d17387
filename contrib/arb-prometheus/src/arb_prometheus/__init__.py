"""Prometheus metrics of arb: an observer that serves `/metrics` on loopback, a Grafana dashboard and alert rules.

Read in this order, which is the order of imports: `settings` and `card` (what a user chooses, what it says of itself),
`metrics` (every metric with its labels), `samples` (the lines of one page), `venues` and `process` (what is read off
the figures at a scrape), `tallies` (what is counted as it is told), `page` (both together), `observer` (what hears, and
the server), `plugin` (the hooks). `dashboard` and `alerts` are the files for Grafana and Prometheus, printed by
`python -m arb_prometheus`.
"""
