"""When what is due: the calendars of cohorts, and what is worth repeating."""
