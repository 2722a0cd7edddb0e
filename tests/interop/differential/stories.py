"""All stories: hand-written ones for what the protocol's reference says, and drawn ones for what nobody thought of."""

from tests.interop.differential import (
    drawn,
    frames_story,
    kv_story,
    liveness_story,
    registration_story,
    route_story,
    settings_story,
    topic_story,
)
from tests.interop.differential.steps import Story, in_both_forms

STORIES: list[Story] = [
    *in_both_forms(kv_story.steps, "kv"),
    *in_both_forms(registration_story.steps, "registrations"),
    *in_both_forms(registration_story.odd_steps, "odd-registrations"),
    *in_both_forms(route_story.steps, "routes"),
    *in_both_forms(route_story.acting_steps, "acting-masters", supportActingMaster=True),
    *in_both_forms(topic_story.steps, "topics"),
    *in_both_forms(liveness_story.steps, "liveness"),
    *in_both_forms(settings_story.steps, "configuration"),
    *in_both_forms(settings_story.lists_off_steps, "lists-off", enableTopicList=False, enableAllTopicList=False),
    *in_both_forms(settings_story.order_steps, "order", orderMessageEnable=True, returnOrderTopicConfigToBroker=False),
    *in_both_forms(settings_story.deleting_steps, "deleting", deleteTopicWithBrokerRegistration=True),
    *in_both_forms(frames_story.steps, "frames"),
    *[Story(f"drawn-{seed}", drawn.steps(seed, 150)) for seed in (1, 2, 3)],
]
