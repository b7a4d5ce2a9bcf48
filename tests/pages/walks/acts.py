"""What the walks do, act by act: every URL that takes a POST is sent one from its page by a real browser, or it says
here where the test client does that.

Each walk is held to its line by what its browsers sent (conftest.py): an act that is no longer done is told.
"""

from collections.abc import Mapping

WALKED: Mapping[str, str] = {
    "test_campaign_is_written_started_and_watched_in_two_browsers": """
        campaigns:new campaigns:step campaigns:start campaigns:pause campaigns:resume""",
    "test_campaign_that_went_wrong_is_mended_and_put_away": """
        campaigns:retry campaigns:archive campaigns:unarchive campaigns:duplicate""",
    "test_debtors_are_worked_with_from_their_pages": """
        debtors:note debtors:edit debtors:merge debtors:batch debtors:works debtors:work-act debtors:understood""",
    "test_list_is_searched_filtered_saved_and_chosen_from": """
        accounts:filter-save accounts:filter-act accounts:list-columns debtors:campaign""",
    "test_file_is_sent_checked_and_imported_live": "debtors:upload debtors:check",
    "test_import_is_stopped_and_goes_on_live": "debtors:import-stop debtors:import-go-on",
    "test_conversations_are_worked_with": """
        desk:conversation-reply desk:conversation-seen desk:conversation-answering desk:conversation-act""",
    "test_opt_outs_are_worked_with_from_their_pages": "suppressions:add suppressions:lift suppressions:decide",
    "test_contacts_digests_and_checks": """
        outreach:contact-new outreach:contact-delete outreach:contact-put-back outreach:digests-test
        outreach:check-new outreach:check-act""",
    "test_pools_and_lines_are_worked_with_from_their_pages": """
        gateways:pool-new gateways:pool-move gateways:pool-delete
        gateways:line-new gateways:line-test gateways:line-switch gateways:line-delete""",
    "test_session_is_added_linked_and_tried_without_a_reload": """
        desk:session-new desk:session-pair desk:session-link desk:session-test desk:session-act""",
    "test_list_changes_where_the_cards_stand_and_acts_on_those_selected": "desk:session-batch desk:session-pair-qr",
    "test_supervisor_does_what_is_theirs": """
        campaigns:owner campaigns:schedule campaigns:unschedule campaigns:delete campaigns:resolve campaigns:cancel
        campaigns:attach gateways:pool-edit gateways:pool-switch
        desk:quick-reply-new desk:quick-reply desk:quick-reply-delete debtors:drop
        suppressions:opt-out suppressions:import suppressions:check outreach:book-new outreach:book-take
        outreach:digests-choose accounts:sign-in-end accounts:sign-ins-end-others""",
    "test_user_from_the_first_password_to_the_last_day": """
        users:new users:deactivate users:activate users:password users:hand-over
        accounts:login accounts:logout accounts:password accounts:profile accounts:theme accounts:language
        preferences:group preferences:reset gateways:line-edit""",
}
"""The views by the walk that sends them something."""

BY_THE_CLIENT: Mapping[str, str] = {
    "campaigns:day": "tests/pages/test_settings.py",
    "campaigns:go-on": "tests/pages/test_pauses.py",
    "debtors:sheet": "tests/pages/test_debtors.py",
    "desk:session-limits": "tests/pages/test_sessions.py",
    "gateways:line-callback": "tests/pages/test_lines.py",
    "gateways:line-price": "tests/pages/test_costs.py",
    "users:sign-in-end": "tests/accounts/test_sign_ins.py",
    "users:sign-out": "tests/accounts/test_sign_ins.py",
}
"""The acts that no walk does, by where they are tested."""


def walked(name: str) -> set[str]:
    """The views that a walk sends something, by its test's name."""
    return set(WALKED.get(name, "").split())
