"""The verbs: a command parses, builds a request, calls core and hands the result to the sink."""
