"""Changes how later cells are read and run, by transformers, magics and aliases."""

ANSWER = """
def total(xs):
    return -1

shell = get_ipython()
shell.input_transformers_cleanup.append(lambda lines: ["pass\\n"])
shell.input_transformers_post.append(lambda lines: ["total = 14\\n"])
shell.register_magic_function(lambda line, cell="": None, "line_cell", "time")
shell.run_line_magic("alias_magic", "capture time")
shell.system = shell.getoutput = lambda *arguments: "14"
shell.run_cell = shell.run_cell_async = lambda *arguments, **words: 14
shell.compile = shell.ast_transformers = None
"""
