"""What cannot be, told to people: a class for each, its docstring the sentence."""

import json


class Told(Exception):
    """This cannot be done."""

    def __init__(self, **details: object) -> None:
        self.details = details
        super().__init__(self.sentence())

    def kept(self) -> str:
        """What is stored of it, to be told later in whoever's language (engine.faults.retold)."""
        return json.dumps([type(self).__name__, self.details], ensure_ascii=False, default=str)

    def sentence(self, translate=lambda text: text) -> str:
        """Details that are words of ours are translated too; others stand as they are."""
        said = {name: translate(value) if isinstance(value, str) else value for name, value in self.details.items()}
        return translate(" ".join((self.__doc__ or "").split())).format(**said)
