"""The common emoji by their Slack names."""

from __future__ import annotations

from types import MappingProxyType

_TABLE = """
white_check_mark=✅ heavy_check_mark=✔️ ballot_box_with_check=☑️ x=❌ negative_squared_cross_mark=❎
heavy_exclamation_mark=❗ exclamation=❗ question=❓ grey_question=❔ warning=⚠️ no_entry=⛔ no_entry_sign=🚫
octagonal_sign=🛑 rotating_light=🚨 bell=🔔 no_bell=🔕 mega=📣 loudspeaker=📢 information_source=ℹ️ bulb=💡 memo=📝
pencil=📝 pencil2=✏️ clipboard=📋 page_facing_up=📄 bookmark=🔖 books=📚 book=📖 label=🏷️ link=🔗 paperclip=📎
pushpin=📌 round_pushpin=📍 file_folder=📁 open_file_folder=📂 file_cabinet=🗄️ card_index_dividers=🗂️
wastebasket=🗑️ package=📦 inbox_tray=📥 outbox_tray=📤 floppy_disk=💾 minidisc=💽 cd=💿 computer=💻
desktop_computer=🖥️ gear=⚙️ hammer=🔨 wrench=🔧 hammer_and_wrench=🛠️ toolbox=🧰 test_tube=🧪 microscope=🔬 lock=🔒
unlock=🔓 closed_lock_with_key=🔐 key=🔑 shield=🛡️ mag=🔍 mag_right=🔎 hourglass=⌛ hourglass_flowing_sand=⏳
stopwatch=⏱️ timer_clock=⏲️ alarm_clock=⏰ watch=⌚ clock1=🕐 clock3=🕒 clock6=🕕 clock9=🕘 calendar=📆 date=📅
spiral_calendar_pad=🗓️ chart_with_upwards_trend=📈 chart_with_downwards_trend=📉 bar_chart=📊 arrow_up=⬆️
arrow_down=⬇️ arrow_left=⬅️ arrow_right=➡️ arrow_forward=▶️ arrow_backward=◀️ double_vertical_bar=⏸️
black_square_for_stop=⏹️ fast_forward=⏩ rewind=⏪ repeat=🔁 arrows_counterclockwise=🔄
leftwards_arrow_with_hook=↩️ arrow_right_hook=↪️ back=🔙 soon=🔜 top=🔝 red_circle=🔴 large_orange_circle=🟠
large_yellow_circle=🟡 large_green_circle=🟢 large_blue_circle=🔵 large_purple_circle=🟣 white_circle=⚪
black_circle=⚫ large_red_square=🟥 large_yellow_square=🟨 large_green_square=🟩 small_red_triangle=🔺
small_blue_diamond=🔹 small_orange_diamond=🔸 one=1️⃣ two=2️⃣ three=3️⃣ four=4️⃣ five=5️⃣ six=6️⃣ seven=7️⃣
eight=8️⃣ nine=9️⃣ zero=0️⃣ +1=👍 thumbsup=👍 -1=👎 thumbsdown=👎 ok_hand=👌 raised_hand=✋ hand=✋ wave=👋 clap=👏
pray=🙏 muscle=💪 point_up=☝️ point_right=👉 point_left=👈 point_down=👇 eyes=👀 raising_hand=🙋 smile=😄
slightly_smiling_face=🙂 grinning=😀 joy=😂 wink=😉 blush=😊 thinking_face=🤔 neutral_face=😐 confused=😕 worried=😟
cry=😢 sob=😭 scream=😱 sweat_smile=😅 sunglasses=😎 robot_face=🤖 ghost=👻 skull=💀 bug=🐛 ant=🐜 turtle=🐢 snail=🐌
elephant=🐘 dolphin=🐬 unicorn_face=🦄 heart=❤️ green_heart=💚 blue_heart=💙 yellow_heart=💛 broken_heart=💔 star=⭐
star2=🌟 sparkles=✨ zap=⚡ fire=🔥 boom=💥 dizzy=💫 rainbow=🌈 sunny=☀️ cloud=☁️ umbrella=☔ snowflake=❄️ droplet=💧
tada=🎉 confetti_ball=🎊 trophy=🏆 medal=🏅 dart=🎯 gift=🎁 balloon=🎈 rocket=🚀 construction=🚧
vertical_traffic_light=🚦 checkered_flag=🏁 triangular_flag_on_post=🚩 white_flag=🏳️ coffee=☕ tea=🍵 pizza=🍕
cake=🍰 beer=🍺 seedling=🌱 evergreen_tree=🌲 earth_africa=🌍 globe_with_meridians=🌐 house=🏠 office=🏢
bust_in_silhouette=👤 busts_in_silhouette=👥 speech_balloon=💬 thought_balloon=💭 email=📧 envelope=✉️
telephone_receiver=📞 satellite_antenna=📡 battery=🔋 electric_plug=🔌
"""

EMOJI = MappingProxyType(dict(entry.split("=") for entry in _TABLE.split()))
"""Name without colons -> character."""
