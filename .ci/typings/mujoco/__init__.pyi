# MuJoCo's names come from compiled modules without stubs; this tells the type checker to take them as they are.
from typing import Any

def __getattr__(name: str) -> Any: ...
