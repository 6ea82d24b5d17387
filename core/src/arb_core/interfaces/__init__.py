"""The contract: what a plugin implements and what it is given. No room here does any work.

An exchange is a `PublicExchange`, a `PrivateExchange` and their `StreamDialect`s (`public`, `private`, `stream`);
what it is given stands in `context`. A strategy (`strategy`) reads books (`book`) and proposes opportunities; an
observer (`observer`) is told what became of them.
"""
