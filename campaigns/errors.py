"""What refuses a command on campaigns."""


class CampaignError(Exception):
    """The command can't be carried out; the text is for the user and says what to do. Nothing was changed."""
