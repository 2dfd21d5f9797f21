import random

import msgspec
import pytest

from alerts.stories.blocks import StoryBlocks


class Story(msgspec.Struct, array_like=True):
    number: int
    copies: int = 1


@pytest.mark.parametrize("seed", range(20))
def test_blocks_are_what_encoding_everything_anew_gives(seed: int) -> None:
    draw, blocks = random.Random(seed), StoryBlocks()
    stories: list[Story] = []
    n_found = draw.choice([0, 7, 1_000_000])
    for _ in range(300):
        for _ in range(draw.choice([0, 0, 1, 2, 40])):
            stories.append(Story(n_found))
            blocks.touch(n_found)
            n_found += 1
        for story in draw.sample(stories, min(len(stories), draw.choice([0, 1, 3]))):
            story.copies += 1
            blocks.touch(story.number)
        for story in draw.sample(stories, min(len(stories), draw.choice([0, 0, 1, 30]))):
            stories.remove(story)
            blocks.touch(story.number)
        assert blocks.encode(stories) == msgspec.msgpack.encode(stories)


@pytest.mark.parametrize("n", [0, 15, 16, 65_535, 65_536])
def test_as_many_stories_as_there_may_be_are_counted(n: int) -> None:
    blocks, stories = StoryBlocks(), [Story(number) for number in range(n)]
    for story in stories:
        blocks.touch(story.number)
    assert blocks.encode(stories) == msgspec.msgpack.encode(stories)
