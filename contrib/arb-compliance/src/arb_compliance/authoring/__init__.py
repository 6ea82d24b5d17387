"""What an author needs before and beside the cases: a new distribution, and samples of the venue itself.

`identity` says whether an id may be had, `scaffold` writes the distribution from `template/`; `recorder` listens to a
plugin at work, `scrub` takes out what is nobody's business, `shelf` puts the rest into `samples/`.
"""
