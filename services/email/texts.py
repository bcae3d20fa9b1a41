"""What we add to mails in our own words, in Finnish, Swedish and English."""

_TEXTS = {
    "no_text": {
        "fi": "(Viestissä ei ole tekstiä.)",
        "sv": "(Meddelandet innehåller ingen text.)",
        "en": "(The message has no text.)",
    },
    "cut": {
        "fi": "(Viesti on hyvin pitkä, ja sen loppu on jätetty pois.)",
        "sv": "(Meddelandet är mycket långt och slutet har utelämnats.)",
        "en": "(The message is very long and its end has been left out.)",
    },
    "unreadable": {
        "fi": "(Viestin rakennetta ei voitu tulkita, joten se näytetään sellaisenaan.)",
        "sv": "(Meddelandets struktur kunde inte tolkas, så det visas som det kom.)",
        "en": "(The structure of this message could not be read, so it is shown as it came.)",
    },
    "attachments": {
        "fi": "(Liitteitä ei ole tallennettu: {names})",
        "sv": "(Bilagorna har inte sparats: {names})",
        "en": "(The attachments have not been saved: {names})",
    },
    "may_belong_to": {
        "fi": "Saattaa liittyä keskusteluun",
        "sv": "Kan höra till konversationen",
        "en": "May belong to conversation",
    },
    "answer_subject": {
        "fi": "Vastaus viestiisi",
        "sv": "Svar på ditt meddelande",
        "en": "Reply to your message",
    },
}


def say(name: str, language: str, **values: str) -> str:
    """The text in that language; in English when the language is none of the three."""
    versions = _TEXTS[name]
    return versions.get(language, versions["en"]).format(**values)
