"""What is said where a sentence that is written would be wrong: every prompt that speaks of texts, and its spoken form.

A sentence that is not here is said as it is written. One without a spoken form is not said: a key does it, or it goes
without saying on a telephone.
"""

from __future__ import annotations

from service.conversation import Text, text
from service.flows import calling, danger, home, language, leaving, lost, notices, people, reading

# Translators: spoken, one choice of a menu: its name, then its key. A form that needs no grammar around the name, such
# as "%(label)s: press %(key)s", is fine. The words for a telephone's keys.
CHOICE = text("For %(label)s, press %(key)s.")
# Translators: spoken, in each language's own voice: its name, then the key that chooses it.
LANGUAGE_CHOICE = text("For %(language)s, press %(key)s.")
# Translators: spoken, a choice. At most 10 words.
TO_GO_ON = text("To go on where you stopped, press %(key)s.")
# Translators: spoken, a choice. At most 8 words.
TO_MENU = text("For the menu, press %(key)s.")
# Translators: spoken, a choice; language is its own name. At most 8 words.
TO_HEAR_IN = text("To hear it in %(language)s, press %(key)s.")
# Translators: spoken, a choice; language is its own name. At most 8 words.
TO_CHANGE = text("To go on in %(language)s, press %(key)s.")
# Translators: spoken, a choice; language is its own name. At most 8 words.
TO_STAY = text("To stay with %(language)s, press %(key)s.")
# Translators: spoken below a menu that has more choices. The word for # as on telephones. At most 8 words.
MORE_CHOICES = text("For more choices, press pound.")
# Translators: spoken where the menu is the way on. The word for * as on telephones. At most 8 words.
MENU_BY_STAR = text("For the menu, press star twice.")
# Translators: spoken below the menu: star leads to the languages from there. At most 8 words.
LANGUAGES_BY_STAR = text("For another language, press star.")
# Translators: spoken at the end of a part; title is the next part's. The word for # as on telephones.
NEXT_BY_POUND = text("For the next part, %(title)s, press pound.")
# Translators: spoken at the end of the last part. At most 5 words.
THE_END = text("This is the end.")
# Translators: spoken when nothing is left. At most 8 words.
HEARD_ALL = text("You have heard it to the end.")
# Translators: spoken, before a part that is not translated yet. At most 10 words.
NOT_READY = text("This part is not ready in your language yet.")
# Translators: spoken once, behind what an article is about. At most 6 words.
HEAR_WHAT_YOU_WANT = text("Hear only what you want.")
# Translators: spoken, what this service is; program is its name. Each sentence at most 8 words.
AUTOMATIC = text("%(program)s is automatic. A machine answers this call.")
# Translators: spoken, an emergency number; country is a country's name. Each sentence at most 10 words.
EMERGENCY = text("In an emergency, please hang up and call %(number)s. That is for %(country)s.")
# Translators: spoken, a crisis line. At most 12 words.
CRISIS = text("For thoughts of suicide, call %(number)s, in %(country)s.")
# Translators: spoken, a crisis line that is open at any hour. Each sentence at most 12 words.
CRISIS_ALWAYS = text("For thoughts of suicide, call %(number)s, in %(country)s. It answers day and night.")
# Translators: spoken, where real people answer. At most 12 words.
PEOPLE = text("People to talk to in %(country)s: %(name)s, %(number)s.")
# Translators: spoken, the same for a line that is open at any hour. Each sentence at most 12 words.
PEOPLE_ALWAYS = text("People to talk to in %(country)s: %(name)s, %(number)s. They answer day and night.")
# Translators: spoken to somebody in danger who goes on talking. Each sentence at most 10 words.
NOBODY_HEARS = text("Only a machine answers here. Please call someone who can help:")
# Translators: spoken, the gentle end, once the numbers were given. At most 12 words.
WHEN_READY = text("When you want to go on, press star twice.")
# Translators: spoken to somebody in despair; a number to call follows. Each sentence at most 10 words.
SOUNDS_HARD = text("That sounds very hard. Are you thinking of ending your life? For yes, press 1. For no, press 2.")
# Translators: spoken, how a caller to that line gets their language; key is a digit. At most 12 words.
KEY_THERE = text("On that line, for your language, press %(key)s.")
# Translators: spoken after somebody asked for no more texts; start is a word to text. Each sentence at most 12 words.
STOPPED = text("%(program)s sends you no more texts. To change that, text the word %(start)s.")
# Translators: spoken, somebody may want no more texts. Each sentence at most 10 words.
STOP_ALL = text("Do you want to end all texts? They are paused. To end them, press 1. To go on getting them, press 2.")
# Translators: spoken, the person they cared for has died. Each sentence at most 10 words.
SORRY = text(
    "We are so sorry for your loss. All texts are paused. To end them, press 1. To go on getting them, press 2."
)
# Translators: spoken, somebody asks to be forgotten. Each sentence at most 10 words.
FORGET_ALL = text("Erase everything about you, and end all texts? To erase it, press 1. To keep it, press 2.")
# Translators: spoken, where the machine did not understand what was said aloud. At most 10 words.
MISHEARD = text("We are sorry, we did not understand you.")
# Translators: spoken, between the first and the last page of a source. Only this word: 591 to 602.
PAGES = text("%(first)s to %(last)s")


SPOKEN: dict[str, tuple[Text, ...]] = {
    home.GREETING.msgid: (),
    home.RATES.msgid: (),
    home.OWN_PACE.msgid: (HEAR_WHAT_YOU_WANT,),
    home.WHICH_PART.msgid: (),
    home.WHICH_ARTICLE.msgid: (),
    home.COMMANDS.msgid: (LANGUAGES_BY_STAR,),
    home.ALL_ARTICLES.msgid: (MENU_BY_STAR,),
    home.LONGER.msgid: (MORE_CHOICES,),
    home.WELCOME_BACK.msgid: (),
    home.GO_ON.msgid: (TO_GO_ON,),
    home.START_ANEW.msgid: (TO_MENU,),
    reading.GO_ON.msgid: (),
    reading.NEXT.msgid: (NEXT_BY_POUND, MENU_BY_STAR),
    reading.LAST.msgid: (THE_END, MENU_BY_STAR),
    reading.NO_MORE.msgid: (HEARD_ALL,),
    reading.WITHHELD.msgid: (NOT_READY,),
    reading.READ_ORIGINAL.msgid: (TO_HEAR_IN,),
    reading.MENU_HELPS.msgid: (MENU_BY_STAR,),
    reading.OR_MENU.msgid: (MENU_BY_STAR,),
    language.WHICH.msgid: (),
    language.MORE_LANGUAGES.msgid: (MORE_CHOICES,),
    language.CHANGE_TO.msgid: (TO_CHANGE,),
    language.STAY_WITH.msgid: (TO_STAY,),
    language.GUESSED.msgid: (),
    people.WHAT_THIS_IS.msgid: (AUTOMATIC,),
    people.CANCER_LINE.msgid: (PEOPLE_ALWAYS,),
    people.CANCER_LINE_BY_DAY.msgid: (PEOPLE,),
    people.CRISIS_LINE.msgid: (CRISIS,),
    people.CRISIS_LINE_ALWAYS.msgid: (CRISIS_ALWAYS,),
    people.EMERGENCY_LINE.msgid: (EMERGENCY,),
    people.HOW_TO_GO_ON.msgid: (MENU_BY_STAR,),
    danger.CANNOT_READ.msgid: (NOBODY_HEARS,),
    danger.WHEN_READY.msgid: (WHEN_READY,),
    danger.SOUNDS_HARD.msgid: (SOUNDS_HARD,),
    danger.PRESS_KEY.msgid: (KEY_THERE,),
    leaving.STOPPED.msgid: (STOPPED,),
    leaving.STOP_ALL.msgid: (STOP_ALL,),
    leaving.SORRY.msgid: (SORRY,),
    leaving.FORGET_ALL.msgid: (FORGET_ALL,),
    lost.MISSED.msgid: (MISHEARD,),
    lost.TALK_TO_SOMEBODY.msgid: (calling.PRESS_ZERO,),
    lost.DID_YOU_MEAN_THIS.msgid: (lost.DID_YOU_MEAN,),
    notices.ORIGINAL.msgid: (),
}
"""What is said for what is written, by its msgid."""
