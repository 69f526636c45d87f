import socket
from email.header import decode_header
from threading import Thread

import pytest

from alerts.channels.email import CHANNEL, Email
from alerts.errors import BadPolicy, ChannelError, NoLongerWanted, OutcomeUnknown
from alerts.message import note
from tests.unit.alerts.alert_cast import MILLER, NOON, ZHAO, a_message
from tests.unit.alerts.mail_sink import CERTIFICATE, mail_sink


def email_to(sink, **changes):
    settings = {"host": "127.0.0.1", "port": sink.port, "sender": "twin@clinic.example", "security": "none"}
    return CHANNEL.open({**settings, "timeout_s": 5.0, **changes})


def send(email, message=None, hand_over=lambda: None):
    return email.send(message or a_message(), now=NOON, hand_over=hand_over)


def test_a_mail_arrives_with_reason_due_date_and_link():
    with mail_sink() as sink:
        receipt = send(email_to(sink, link="https://twin.example/recalls/{recall_id}"))
    (mail,) = sink.mails
    body = mail.get_content()
    assert receipt.text == "250 kept"
    assert (mail["To"], mail["From"]) == ("miller@clinic.example", "twin@clinic.example")
    assert sink.recipients == ["miller@clinic.example"]
    for part in (
        "FIB-4 will pass 2.67",
        "Liver elastography",
        "2026-05-31",
        "routine",
        "https://twin.example/recalls/r1",
    ):
        assert part in body


def test_the_text_is_in_the_recipient_s_language():
    with mail_sink() as sink:
        send(email_to(sink), a_message(recipient=ZHAO))
    (mail,) = sink.mails
    assert "FIB-4 预计九月超过 2.67。" in mail.get_content()
    assert (mail["Subject"], mail["Content-Language"]) == ("有一项召回到期", "zh-CN")


def test_the_subject_shows_the_patient_only_where_the_site_wants_it():
    with mail_sink() as sink:
        send(email_to(sink))
        send(email_to(sink, subject_shows_patient=True))
    assert [mail["Subject"] for mail in sink.mails] == ["A recall is due", "Recall due: P-17"]


def test_a_note_has_its_own_words_and_link_and_no_patient_in_its_subject():
    content = {
        "patient": "P-17",
        "title": "CT: P-17",
        "body": "Please look.",
        "subject": "A CT to read",
        "path": "/reading",
    }
    message = note("study/7", MILLER, "email", patient_id="p", content=content, now=NOON)
    with mail_sink() as sink:
        send(email_to(sink, note_link="https://twin.example{path}"), message)
        send(email_to(sink), message)
    linked, bare = (mail.get_content() for mail in sink.mails)
    assert "https://twin.example/reading" in linked and "Please look." in linked
    assert "Open:" not in bare
    assert {mail["Subject"] for mail in sink.mails} == {"A CT to read"}


def test_the_same_message_always_has_the_same_message_id():
    with mail_sink() as sink:
        for _ in range(2):
            send(email_to(sink))
    ids = {mail["Message-ID"] for mail in sink.mails}
    assert ids == {f"<{a_message().id}@clinic.example>"}
    assert sink.mails[0]["Auto-Submitted"] == "auto-generated"


def test_a_line_of_a_single_dot_does_not_cut_the_mail_off():
    message = a_message(content={**a_message().content, "reason": "before\n.\nafter"})
    with mail_sink() as sink:
        send(email_to(sink), message)
    assert "before\n.\nafter" in sink.mails[0].get_content().replace("\r\n", "\n")


def test_a_line_break_in_a_label_makes_no_header():
    message = a_message(content={**a_message().content, "patient": "P-17\r\nBcc: all@clinic.example"})
    with mail_sink() as sink:
        send(email_to(sink, subject_shows_patient=True), message)
    (mail,) = sink.mails
    assert mail["Bcc"] is None
    assert decode_header(mail["Subject"])[0][0] == "Recall due: P-17 Bcc: all@clinic.example"


@pytest.mark.parametrize(
    "address", ["", "miller", "a@b@c", "a b@c.example", "a@c\r\nDATA", "周@clinic.example", "<a@b.c>"]
)
def test_what_is_no_address_is_refused_for_good_before_anything_is_sent(address):
    with mail_sink() as sink, pytest.raises(ChannelError) as error:
        send(email_to(sink), a_message(address=address))
    assert error.value.permanent
    assert sink.log == []


def test_the_hand_over_comes_after_the_recipient_was_accepted_and_before_the_text():
    with mail_sink() as sink:
        send(email_to(sink), hand_over=lambda: sink.log.append("hand over"))
    assert sink.log == ["MAIL", "RCPT", "hand over", "DATA"]


def test_a_message_no_longer_wanted_at_the_hand_over_is_not_sent():
    def refuse():
        raise NoLongerWanted

    with mail_sink() as sink, pytest.raises(NoLongerWanted):
        send(email_to(sink), hand_over=refuse)
    assert sink.mails == []


@pytest.mark.parametrize(
    ("verb", "answer", "permanent"),
    [
        ("MAIL", "451 later", False),
        ("MAIL", "550 sender unknown", False),
        ("RCPT", "450 greylisted", False),
        ("RCPT", "550 no such user", True),
        ("DATA", "451 later", False),
        ("DATA", "554 refused", True),
    ],
)
def test_a_refusal_says_whether_trying_again_can_help(verb, answer, permanent):
    with mail_sink() as sink, pytest.raises(ChannelError, match=f"{verb} refused with {answer[:3]}") as error:
        sink.answers[verb] = answer
        send(email_to(sink))
    assert error.value.permanent is permanent
    assert not isinstance(error.value, OutcomeUnknown)
    assert sink.mails == []


def test_a_refusal_before_the_recipient_was_accepted_is_not_handed_over():
    handed_over = []
    with mail_sink() as sink, pytest.raises(ChannelError):
        sink.answers["RCPT"] = "550 no"
        send(email_to(sink), hand_over=lambda: handed_over.append(True))
    assert handed_over == []


def test_a_server_that_won_t_take_the_text_at_all_has_not_taken_it():
    with socket.create_server(("127.0.0.1", 0)) as server:
        answers = [b"220 hi", b"250 hello", b"250 ok", b"250 ok", b"554 no text here", b"221 bye"]

        def answer():
            line, _ = server.accept()
            with line, line.makefile("rb") as said:
                for reply in answers:
                    line.sendall(reply + b"\r\n")
                    said.readline()

        Thread(target=answer, daemon=True).start()
        email = Email(host="127.0.0.1", port=server.getsockname()[1], sender="twin@clinic.example", security="none")
        with pytest.raises(ChannelError, match="DATA refused with 554") as error:
            send(email)
    assert error.value.permanent


def test_a_line_that_breaks_after_the_text_leaves_the_outcome_unknown():
    with mail_sink() as sink, pytest.raises(OutcomeUnknown, match="the line broke during DATA"):
        sink.answers["DATA"] = "hang up"
        send(email_to(sink))
    assert len(sink.mails) == 1


def test_an_answer_that_makes_no_sense_leaves_the_outcome_unknown():
    with mail_sink() as sink, pytest.raises(OutcomeUnknown):
        sink.answers["DATA"] = "what?"
        send(email_to(sink))


def test_a_server_that_is_away_may_be_back_later():
    with socket.socket() as nobody:
        nobody.bind(("127.0.0.1", 0))
        port = nobody.getsockname()[1]
    with pytest.raises(ChannelError, match=r"no mail dialogue with 127\.0\.0\.1: ConnectionRefusedError") as error:
        send(Email(host="127.0.0.1", port=port, sender="twin@clinic.example", security="none"))
    assert not error.value.permanent


def test_a_server_that_says_nothing_is_left_after_the_timeout():
    with socket.create_server(("127.0.0.1", 0)) as mute:
        email = Email(
            host="127.0.0.1", port=mute.getsockname()[1], sender="twin@clinic.example", security="none", timeout_s=0.2
        )
        with pytest.raises(ChannelError, match="SMTPServerDisconnected"):
            send(email)


@pytest.mark.parametrize("security", ["starttls", "tls"])
def test_a_mail_goes_through_tls(security):
    with mail_sink(**{security: True}) as sink:
        send(email_to(sink, security=security, ca_file=str(CERTIFICATE)))
    assert len(sink.mails) == 1


@pytest.mark.parametrize("security", ["starttls", "tls"])
def test_a_server_with_an_unknown_certificate_gets_no_mail(security):
    with mail_sink(**{security: True}) as sink, pytest.raises(ChannelError, match="SSLCertVerificationError"):
        send(email_to(sink, security=security))
    assert sink.log == []


def test_a_server_without_starttls_gets_no_mail_where_it_is_asked_for():
    with mail_sink() as sink, pytest.raises(ChannelError, match="SMTPNotSupportedError") as error:
        send(email_to(sink, security="starttls"))
    assert not error.value.permanent
    assert sink.log == []


def test_a_mail_goes_out_after_signing_in():
    with mail_sink(starttls=True, login=("twin", "s3cret")) as sink:
        email = email_to(sink, security="starttls", ca_file=str(CERTIFICATE), user="twin", password="s3cret")
        send(email)
    assert len(sink.mails) == 1
    assert "s3cret" not in repr(email)


def test_a_wrong_password_may_be_mended():
    with mail_sink(starttls=True, login=("twin", "s3cret")) as sink, pytest.raises(ChannelError) as error:
        send(email_to(sink, security="starttls", ca_file=str(CERTIFICATE), user="twin", password="wrong"))
    assert (error.value.permanent, sink.log) == (False, [])
    assert "wrong" not in str(error.value)


@pytest.mark.parametrize(
    "settings",
    [
        {"host": "", "sender": "twin@clinic.example"},
        {"host": "mail.example", "sender": "twin"},
        {"host": "mail.example", "sender": "twin@clinic.example", "security": "maybe"},
        {"host": "mail.example", "sender": "twin@clinic.example", "colour": "blue"},
        {},
    ],
)
def test_settings_that_can_t_work_are_refused_at_once(settings):
    with pytest.raises(BadPolicy):
        CHANNEL.open(settings)


def test_the_mail_holds_what_the_message_holds_and_nothing_of_the_evidence():
    with mail_sink() as sink:
        send(email_to(sink))
    assert "f1" not in sink.mails[0].as_string().split()
    assert MILLER.id not in sink.mails[0].get_content()
