"""The river at night: reference solution."""


# %% all_readings
def all_readings(service, path):
    """Return the readings of the page at *path* and of all pages after it."""
    readings = []
    while path is not None:
        status, body = service.get(path)
        if status == 429:
            service.wait(json.loads(body)["retry_after"])
            continue
        if status != 200:
            raise RuntimeError(f"The service answered with status {status}")
        answer = json.loads(body)
        readings += answer["readings"]
        path = answer["next"]
    return readings


# %% clean
def clean(readings):
    """Return gauge, level and time in UTC of each reading that has a level, in the order of time."""
    cleaned = []
    for reading in readings:
        level = reading.get("level_cm")
        if level is not None:
            at = datetime.fromisoformat(reading["at"]).astimezone(UTC)
            cleaned.append((reading["gauge"], level, at))

    def time_of(row):
        return row[2]

    return sorted(cleaned, key=time_of)


# %% crests
def crests(cleaned):
    """Return the highest level of each gauge, and when it was first reached."""
    found = {}
    for gauge, level, at in cleaned:
        if gauge not in found or level > found[gauge][0]:
            found[gauge] = (level, at)
    return found
