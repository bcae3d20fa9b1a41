"""What every page says whatever the form, in three languages. The words are in `texts.yaml`."""

import msgspec

from services.forms.definition import Words


class Texts(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Every sentence by its name. A file with a sentence too few or too many is refused."""

    language_name: Words
    choose_language: Words
    skip: Words
    required: Words
    optional: Words
    choose: Words
    send: Words
    trap: Words
    privacy: Words
    error: Words
    errors_title: Words
    errors_text: Words
    too_long: Words
    too_short: Words
    not_a_choice: Words
    not_an_email: Words
    not_a_phone: Words
    not_a_registration: Words
    not_a_mileage: Words
    out_of_range: Words
    not_valid: Words
    unknown_field: Words
    missing: Words
    identity_code: Words
    once_more_title: Words
    trap_filled: Words
    too_quick: Words
    expired: Words
    unavailable_title: Words
    unavailable_text: Words
    closed_title: Words
    closed_text: Words
    not_found_title: Words
    not_found_text: Words
    unreadable_title: Words
    unreadable_text: Words
    received_title: Words
    case_label: Words
    case_hint: Words
    case_detail: Words
    next_title: Words
    next_email: Words
    next_phone: Words
    next_any: Words
    sent_title: Words
    sent_at: Words
    date: Words
    months: Words
    keep: Words
    sent_hidden: Words
    sent_unseen: Words
    another: Words
