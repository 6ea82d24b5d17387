"""Frozen structs without behaviour: the words that every other room speaks.

Read them in this order: `market` (what is traded), `book` (levels and the rule that keeps them right), `stream` (what
one can subscribe to), `order`, `trade` and `account` (what is ours), `opportunity` (what a strategy proposes and how it
is judged), `card` (what a plugin says of itself), `health` and `figures` (how a venue and the whole process are),
`notice` (what observers are told), `wire` (numbers as venues print them).
"""
