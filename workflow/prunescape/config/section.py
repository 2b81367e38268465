"""The base of the config's sections: typed keys with a meaning, a unit, bounds and a default."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, Any, Self, TypeVar, get_args

from pydantic import BaseModel, ConfigDict, Field, GetCoreSchemaHandler, GetJsonSchemaHandler, Strict
from pydantic_core import CoreSchema, InitErrorDetails, PydanticKnownError, ValidationError, core_schema

from prunescape.config.messages import counted, first_twice, shown

T = TypeVar("T")
LARGEST = 2**63  # of whole numbers, the first that is too large
TOO_LARGE = "is too large a number; write a smaller one"


class Unreadable(Exception):  # noqa: N818 - a signal, no error
    """A key is read in which a mistake was found: whoever reads it has nothing to add."""


class Section(BaseModel):
    """A part of the config: closed, and frozen once it is read.

    While a config with mistakes is checked, its mistaken keys are not there, and reading one raises `Unreadable`.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    if not TYPE_CHECKING:  # else every name would be a key to mypy

        def __getattr__(self, name: str) -> Any:
            if name in type(self).model_fields:
                raise Unreadable(name)
            return super().__getattr__(name)

    def plain(self, *names: str) -> dict[str, Any]:
        """The dicts, lists and scalars of keys, by name; of all, in the section's order, where none is named.

        Raises:
            Unreadable: a key is not there because of a mistake.
        """
        keys = {field.alias or name: name for name, field in type(self).model_fields.items()}
        return {name: _plain(getattr(self, keys[name])) for name in names or keys}

    def changed(self, **values: Any) -> Self:
        """The section with other values of some keys, which are valid."""
        unknown = values.keys() - type(self).model_fields
        if unknown:
            raise TypeError(f"{type(self).__name__} has no {', '.join(sorted(unknown))}")
        return self.model_copy(update=values)

    def fill(self, name: str, follows: Callable[[], Any]) -> None:
        """Give a key the value that follows from others, or none where those are not there; only while it is read."""
        try:
            self.__dict__[name] = follows()
        except Unreadable:
            self.leave_out(name)

    def leave_out(self, *names: str) -> None:
        """Remove keys, by their names in the file; only while the config is read."""
        fields = type(self).model_fields
        for name in fields:
            if name in names or fields[name].alias in names:
                self.__dict__.pop(name, None)


def key(
    default: Any,
    meaning: str,
    *,
    unit: str | None = None,
    hint: str | None = None,
    example: Any = None,
    alias: str | None = None,
) -> Any:
    """A key of a section.

    Args:
        default: `...` where it must be given.
        meaning: a sentence; it is the description in the reference page and in editors.
        unit: of the number, or of the list's numbers.
        hint: what ends the message about a mistake, where a range alone does not help.
        example: for the message that it is missing.
        alias: its name in the file, where Python has another use for that.
    """
    more: dict[str, Any] = {name: value for name, value in (("unit", unit), ("hint", hint)) if value is not None}
    examples = None if example is None else [example]
    return Field(default, description=meaning, examples=examples, alias=alias, json_schema_extra=more)


def section(kind: type[Section]) -> Any:
    """A section that need not be given, because all of its keys have defaults."""
    return Field(default_factory=kind)


def within(hint: str | None = None, **bounds: Any) -> Any:
    """Bounds of a type: `ge`, `gt`, `le`, `lt` of a number; `min_length` and `pattern` of text."""
    return Field(json_schema_extra={} if hint is None else {"hint": hint}, **bounds)


@dataclass(frozen=True)
class Integer:
    """Makes int a whole number of the config, which may be written with a point: 20.0.

    Attributes:
        ge, le: the smallest and the largest.
        word: the one word that may stand in its place.
    """

    ge: int | None = None
    le: int | None = None
    word: str | None = None

    def __get_pydantic_core_schema__(self, source: Any, handler: GetCoreSchemaHandler) -> CoreSchema:
        number = core_schema.int_schema(strict=True, ge=self.ge, le=self.le)
        whole = core_schema.no_info_before_validator_function(_whole, number)
        if self.word is None:
            return whole
        as_it_is = core_schema.simple_ser_schema("any")
        return core_schema.no_info_wrap_validator_function(self._read, whole, serialization=as_it_is)

    def __get_pydantic_json_schema__(self, schema: CoreSchema, handler: GetJsonSchemaHandler) -> dict[str, Any]:
        said = handler(schema)
        if self.word is None:
            return said
        return said | {"type": ["integer", "string"], "pattern": f"^{self.word}$", "word": self.word}

    def _read(self, value: Any, whole: Callable[[Any], Any]) -> Any:
        return value if value == self.word else whole(value)


def _whole(value: Any) -> Any:
    if not isinstance(value, float) or not value.is_integer():
        return value
    if abs(value) >= LARGEST:
        raise ValueError(TOO_LARGE)
    return int(value)


# Nothing is converted but whole numbers written with a point, and numbers written without one.
Number = Annotated[float, Strict()]
Text = Annotated[str, Strict()]
Flag = Annotated[bool, Strict()]

Count = Annotated[int, Integer(ge=1)]
Several = Annotated[int, Integer(ge=2)]
Epoch = Annotated[int, Integer(ge=0)]
Epochs = Annotated[int, Integer(ge=1, le=100_000)]
Draws = Annotated[int, Integer(ge=1, le=10_000)]
Part = Annotated[Number, within(gt=0, lt=1)]
Fraction = Annotated[Number, within(ge=0, lt=1)]
Positive = Annotated[Number, within(gt=0)]
NotNegative = Annotated[Number, within(ge=0)]
Points = Annotated[Number, within(gt=0, le=100)]


@dataclass(frozen=True)
class Listed:
    """Makes a tuple type a list of the config, and tells mistakes of the whole list beside those of its entries.

    Attributes:
        least, most: how many entries it has.
        once: no entry is given twice.
    """

    least: int = 0
    most: int | None = None
    once: bool = True

    @property
    def count(self) -> str:
        """The number of entries that the list must have, in words."""
        return f"exactly {self.least}" if self.least == self.most else f"at least {self.least}"

    def mistakes(self, entries: list[Any]) -> list[str]:
        """Mistakes of the list as a whole."""
        mistakes = []
        if len(entries) < self.least or len(entries) > (self.most or len(entries)):
            mistakes.append(f"has {counted(entries)}; write {self.count}")
        twice = first_twice(entries) if self.once else None
        if twice is not None:
            mistakes.append(f"{shown(twice[0])} is given twice; remove one")
        return mistakes

    def __get_pydantic_core_schema__(self, source: Any, handler: GetCoreSchemaHandler) -> CoreSchema:
        entries = core_schema.tuple_variable_schema(handler.generate_schema(get_args(source)[0]))
        return core_schema.no_info_wrap_validator_function(self._read, entries)

    def __get_pydantic_json_schema__(self, schema: CoreSchema, handler: GetJsonSchemaHandler) -> dict[str, Any]:
        said = {"minItems": self.least, "maxItems": self.most, "uniqueItems": self.once}
        return handler(schema) | {name: value for name, value in said.items() if value}

    def _read(self, value: Any, entries: Callable[[Any], Any]) -> Any:
        if not isinstance(value, list | tuple):
            raise PydanticKnownError("list_type")
        mistakes = [
            InitErrorDetails(type="value_error", input=value, ctx={"error": ValueError(text)})
            for text in self.mistakes(list(value))
        ]
        try:
            read = entries(tuple(value))
        except ValidationError as error:
            mistakes += [
                InitErrorDetails(type=one["type"], loc=one["loc"], input=one["input"], ctx=one.get("ctx", {}))
                for one in error.errors()
            ]
        if mistakes:
            raise ValidationError.from_exception_data("list", mistakes)
        return read


class OrNull:
    """Lets null stand for what is computed from other keys while the config is read; afterwards it never is null."""

    def __get_pydantic_core_schema__(self, source: Any, handler: GetCoreSchemaHandler) -> CoreSchema:
        return core_schema.nullable_schema(handler(source))


Some = Annotated[tuple[T, ...], Listed(least=1)]
Seeds = Some[Annotated[int, Integer(ge=0, le=2**32 - 1)]]
AnyNumber = Annotated[tuple[T, ...], Listed()]
FilledIn = Annotated[T, OrNull()]
Two = Annotated[tuple[T, T], Listed(least=2, most=2, once=False)]


def _plain(value: Any) -> Any:
    if isinstance(value, Section):
        return value.plain()
    if isinstance(value, Mapping):
        return {name: _plain(below) for name, below in value.items()}
    return [_plain(entry) for entry in value] if isinstance(value, list | tuple) else value
