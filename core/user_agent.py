"""What a browser says of itself in `User-Agent`: its family and the kind of device, never a version."""

from functools import lru_cache

# Every browser also names those it descends from, so the order decides.
_BROWSERS = ("Edg", "OPR", "SamsungBrowser", "Firefox", "FxiOS", "CriOS", "HeadlessChrome", "Chrome", "Safari")
_BROWSER_NAMES = {"Edg": "Edge", "OPR": "Opera", "FxiOS": "Firefox", "CriOS": "Chrome", "HeadlessChrome": "Chrome"}
_TABLETS = ("iPad", "Tablet", "Kindle", "Silk/")
_MOBILES = ("Mobi", "iPhone", "iPod")
_DESKTOPS = ("Windows NT", "Macintosh", "X11", "CrOS")


@lru_cache(maxsize=4096)
def browser(user_agent: str) -> str:
    """Family without version; of other clients the name before the first `/`.

    >>> browser("Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 Chrome/130.0 Safari/537.36 Edg/130.0")
    'Edge'
    >>> browser("curl/8.5.0")
    'curl'
    """
    found = next((name for name in _BROWSERS if f"{name}/" in user_agent), user_agent.split("/")[0])
    return _BROWSER_NAMES.get(found, found)


@lru_cache(maxsize=4096)
def device(user_agent: str) -> str | None:
    """`mobile`, `tablet` or `desktop`; None where it does not say.

    Android says `Mobile` on phones alone. Safari of an iPad calls itself one of a Macintosh unless told otherwise:
    those are among `desktop`.

    >>> device("Mozilla/5.0 (iPhone; CPU iPhone OS 17_5 like Mac OS X) Version/17.5 Mobile/15E148 Safari/604.1")
    'mobile'
    >>> device("Mozilla/5.0 (Linux; Android 14; SM-X200) Chrome/130.0 Safari/537.36"), device("curl/8.5.0")
    ('tablet', None)
    """
    if any(word in user_agent for word in _TABLETS):
        return "tablet"
    if any(word in user_agent for word in _MOBILES):
        return "mobile"
    if "Android" in user_agent:
        return "tablet"
    return "desktop" if any(word in user_agent for word in _DESKTOPS) else None
