"""Tone -> sign and colour, for the formats that have them; the word beside it is always printed."""

from ..core.records.report import Tone

SIGNS: dict[Tone, str] = {
    Tone.GOOD: "✅",
    Tone.WARN: "⚠️",
    Tone.BAD: "🛑",
    Tone.UNKNOWN: "❔",
    Tone.PERSON: "✍️",
    Tone.NEUTRAL: "",
}
ANSI: dict[Tone, int] = {
    Tone.GOOD: 32,
    Tone.WARN: 33,
    Tone.BAD: 31,
    Tone.UNKNOWN: 35,
    Tone.PERSON: 36,
    Tone.NEUTRAL: 39,
}
"""Foreground colours of a terminal."""
LIGHT: dict[Tone, str] = {
    Tone.GOOD: "#1a7f4b",
    Tone.WARN: "#9a6700",
    Tone.BAD: "#b42318",
    Tone.UNKNOWN: "#6b4fa0",
    Tone.PERSON: "#0b6e8f",
    Tone.NEUTRAL: "#4b5768",
}
"""On white paper; each has a contrast of 4.5 or more to it."""
DARK: dict[Tone, str] = {
    Tone.GOOD: "#4cc38a",
    Tone.WARN: "#e3b341",
    Tone.BAD: "#ff7b72",
    Tone.UNKNOWN: "#b9a2e8",
    Tone.PERSON: "#56c7e8",
    Tone.NEUTRAL: "#a3adbb",
}
"""On a dark screen, the same."""
