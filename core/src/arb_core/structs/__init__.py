"""Frozen structs without behaviour: the words that every other room speaks.

Read them in this order: `market` (what is traded), `book` (levels and the rule that keeps them right), `stream` (what
one can subscribe to), `order` and `account` (what is ours), `opportunity` (what a strategy proposes and how it is
judged), `card` (what an exchange or a strategy says of itself), `health` (how a venue at work is), `wire` (numbers as
venues print them).
"""
