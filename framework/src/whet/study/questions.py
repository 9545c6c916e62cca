"""Questions: the words of a study file, gathered and then put to each environment at once."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field

from whet.contracts.component import Component, Spec
from whet.contracts.fine_tune_settings import FineTuneSettings
from whet.data.errors import UnknownName, WhetError
from whet.running.environments import Environment, Question
from whet.study.faults import FaultList
from whet.study.study_file import Source
from whet.study.yaml_tree import Keys


@dataclass
class _Asked:
    keys: Keys
    question: Question
    environment: str
    below: Keys = ()
    of: int | None = None


@dataclass
class Questions:
    """Gathered first, then put to each environment at once: starting an interpreter takes a while.

    broken: names of environments that the study has, and whose interpreter cannot be had; nothing is asked there.
    """

    source: Source
    environments: Mapping[str, Environment]
    broken: Collection[str] = ()
    asked: list[_Asked] = field(default_factory=list)

    def ask(
        self,
        keys: Keys,
        hook: str,
        spec: Spec,
        environment: str = "",
        below: Keys = (),
        settings: FineTuneSettings | None = None,
        of: int | None = None,
    ) -> int:
        """The number of the answer. UnknownName where the study has no such environment.

        of: another question, which asks for what this one is about: where that is wrong, this one is not told.
        """
        there = environment in self.environments or environment in self.broken
        if not there and not self.source.lacks("environments", environment):
            known = [name for name in self.environments if name]
            error = UnknownName.among("environment", environment, known)
            raise self.source.placed(error, (*keys, "environment"))
        self.asked.append(_Asked(keys, Question(hook, spec, settings), environment, below, of))
        return len(self.asked) - 1

    def answers(self, faults: FaultList) -> dict[int, Component]:
        """The answers by number; of what is wrong there is none, and its fault is added."""
        found: dict[int, Component] = {}
        for name, environment in self.environments.items():
            mine = [index for index, question in enumerate(self.asked) if question.environment == name]
            if not mine:
                continue
            with faults.kept():
                answers = environment.resolve([self.asked[index].question for index in mine])
                for index, answer in zip(mine, answers, strict=True):
                    of = self.asked[index].of
                    if isinstance(answer, WhetError):
                        if of is None or of in found:
                            faults.add(self._placed(answer, self.asked[index]))
                    else:
                        found[index] = answer
        return found

    def _placed(self, error: WhetError, question: _Asked) -> WhetError:
        if question.environment:
            error.what += f" (in the environment {question.environment!r})"
        return self.source.placed(error, (*question.keys, *question.below))
