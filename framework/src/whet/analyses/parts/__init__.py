"""Parts of analyses: names of states, tables that several read, the sentences and the figure of the summary."""
