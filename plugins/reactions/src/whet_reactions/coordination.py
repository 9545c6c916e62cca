"""coordination: placeholder."""

from whet import Analysis


class Coordination(Analysis):
    """x"""

    name = "coordination"

    def wants(self, study):
        return []

    def run(self, work):
        raise NotImplementedError
