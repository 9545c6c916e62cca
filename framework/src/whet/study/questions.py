"""Questions: the words of a study file, gathered and then put to each environment at once."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from whet.contracts.component import Component, Spec
from whet.contracts.fine_tune_settings import FineTuneSettings
from whet.data.errors import OptionsError, UnknownName, WhetError
from whet.running.environments import Environment, Question
from whet.study.study_file import Source
from whet.study.yaml_tree import Keys


@dataclass
class _Asked:
    keys: Keys
    question: Question
    environment: str
    below: Keys = ()


@dataclass
class Questions:
    """Gathered first, then put to each environment at once: starting an interpreter takes a while."""

    source: Source
    environments: Mapping[str, Environment]
    asked: list[_Asked] = field(default_factory=list)

    def ask(
        self,
        keys: Keys,
        hook: str,
        spec: Spec,
        environment: str = "",
        below: Keys = (),
        settings: FineTuneSettings | None = None,
    ) -> int:
        if environment not in self.environments:
            known = [name for name in self.environments if name]
            raise UnknownName.among("environment", environment, known, where=self.source.place((*keys, "environment")))
        self.asked.append(_Asked(keys, Question(hook, spec, settings), environment, below))
        return len(self.asked) - 1

    def answers(self) -> list[Component]:
        found: dict[int, Component] = {}
        for name, environment in self.environments.items():
            mine = [index for index, question in enumerate(self.asked) if question.environment == name]
            if not mine:
                continue
            answers = environment.resolve([self.asked[index].question for index in mine])
            for index, answer in zip(mine, answers, strict=True):
                if isinstance(answer, WhetError):
                    raise self._placed(answer, self.asked[index])
                found[index] = answer
        return [found[index] for index in range(len(self.asked))]

    def _placed(self, error: WhetError, question: _Asked) -> WhetError:
        keys = (*question.keys, *question.below)
        if isinstance(error, OptionsError) and error.problems:
            return self.source.all_faults(error.problems, keys)
        if question.environment:
            error.what += f" (in the environment {question.environment!r})"
        return error.at(self.source.place(keys))
