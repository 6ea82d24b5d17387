"""The compliance kit: proves an exchange plugin, offline, against a venue that misbehaves on purpose.

The map, from the outside in: `cli` are the commands, `plugin` and `suite` the two ways to run everything (pytest, the
command); `runner` tries cases in processes of their own, `worker` is such a process, `watch` what it sees behind the
contract's back. `case` is what a case is, `cases` are all of them, a room for each tier; `subject` is the plugin under
test, `samples` what it recorded, `canned` and `stage` the two ways to try it: by samples, and by its simulated venue.
`expect`, `result`, `evidence`, `waivers` and `report` are how a case speaks, and what becomes of it.
"""
